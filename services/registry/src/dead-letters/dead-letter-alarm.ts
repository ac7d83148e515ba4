import type { DeadLetter } from '@lethe/contracts';
import { type Clock, daysLeft, type Log } from '@lethe/service-kit';
import type { DeadLetterIndex } from './dead-letter-index.ts';

const hourMs = 3_600_000;

/**
 * Says at level error, with `alert: dead_letter`, that something waits for a decision: when it is
 * set aside, at a start, and every hour. The legal clock of a deletion request runs on meanwhile.
 */
export class DeadLetterAlarm {
  readonly #index: DeadLetterIndex;
  readonly #clock: Clock;
  readonly #log: Log;

  constructor(options: { index: DeadLetterIndex; clock: Clock; log: Log }) {
    this.#index = options.index;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  raise(letter: DeadLetter): void {
    const now = this.#clock.now();
    // An index made anew reads the past: that is told once, in the reminder.
    if (letter.time !== undefined && now.getTime() - letter.time.getTime() > hourMs) return;
    const { id, stage, reason, modelKey, requestId, emitter, deadline } = letter;
    this.#log.error('a dead letter waits for a decision', {
      deadLetter: id,
      stage,
      reason,
      model: modelKey,
      requestId,
      emitter,
      ...(deadline === undefined ? {} : { deadline, daysLeft: daysLeft(deadline, now) }),
      alert: 'dead_letter',
    });
  }

  /** Until `signal` aborts. */
  async remind(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { open, requests, nearestDeadline } = this.#index.openCounts();
      if (open > 0) {
        this.#log.error('dead letters wait for a decision (lethe dlq list)', {
          open,
          requests,
          ...(nearestDeadline === undefined
            ? {}
            : { nearestDeadline, daysLeft: daysLeft(nearestDeadline, this.#clock.now()) }),
          alert: 'dead_letter',
        });
      }
      await this.#clock.sleep(hourMs, signal).catch(() => {});
    }
  }
}
