/**
 * Decides about dead letters, once each, for whoever asks.
 *
 * Invariants:
 * 1. The first decision in the resolution log counts: two that decide at once agree afterwards.
 * 2. A replayed record and the word that it was replayed are published together. When the process
 *    dies between decision and publishing, the entry is still open to whoever asks again, and the
 *    same decision is then carried out.
 * 3. Consumers drop by id what they have applied: a record that is sent twice changes nothing.
 */
import type { MessageBus, OutgoingRecord } from '@lethe/bus';
import {
  type DeadLetter,
  DeadLetterResolution,
  DeadLetterState,
  type DecideDeadLetterRequest,
  type DecideDeadLetterResponse,
  LetheError,
  topics,
} from '@lethe/contracts';
import { type Clock, deadLetterHeaders, encodeEvent, type Log } from '@lethe/service-kit';
import type { DeadLetterIndex, IndexedDeadLetter } from './dead-letter-index.ts';
import type { Original } from './read-dead-letter.ts';
import type { ResolutionLog } from './resolution-log.ts';

export interface DeadLetterDeskOptions {
  readonly index: DeadLetterIndex;
  readonly resolutions: ResolutionLog;
  readonly bus: Pick<MessageBus, 'publish'>;
  readonly clock: Clock;
  readonly log: Log;
}

const replayed = DeadLetterState.DEAD_LETTER_STATE_REPLAYED;
const dropped = DeadLetterState.DEAD_LETTER_STATE_DROPPED;
type Decided = typeof replayed | typeof dropped;

/** How long to look out for the word of another registry that has just decided the same. */
const settleMs = 2_000;
const lookEveryMs = 100;
const maxReasonCharacters = 500;

export class DeadLetterDesk {
  readonly #options: DeadLetterDeskOptions;

  constructor(options: DeadLetterDeskOptions) {
    this.#options = options;
  }

  /** @throws LetheError `not_found` */
  find(id: string): IndexedDeadLetter {
    const found = this.#options.index.find(id);
    if (found !== undefined) return found;
    throw new LetheError('not_found', `there is no dead letter ${id}. See lethe dlq list.`);
  }

  /**
   * @throws LetheError `precondition` when an earlier record of its key waits, or when its bytes
   *   were left out; `conflict` when it was dropped; `unavailable`: ask again
   */
  async replay(request: DecideDeadLetterRequest): Promise<DecideDeadLetterResponse> {
    const entry = this.find(request.id);
    const known = this.#known(entry.letter, replayed);
    if (known !== undefined) return known;
    const original = this.#original(entry);
    if (!request.outOfOrder) this.#requireTurn(entry);
    const note = `It comes after everything of ${original.topic} that was written since ${entry.letter.time?.toISOString() ?? 'it was set aside'}.`;
    const record: OutgoingRecord = {
      ...original,
      headers: { ...original.headers, [deadLetterHeaders.replayOf]: entry.letter.id },
    };
    return await this.#decide(request, entry, replayed, [record], note);
  }

  /** @throws LetheError `conflict` when it was replayed; `unavailable`: ask again */
  async drop(request: DecideDeadLetterRequest): Promise<DecideDeadLetterResponse> {
    const entry = this.find(request.id);
    const known = this.#known(entry.letter, dropped);
    if (known !== undefined) return known;
    const note =
      entry.letter.deadline === undefined
        ? ''
        : 'The deletion request in it is not done: it stays open, and its legal clock runs on.';
    return await this.#decide(request, entry, dropped, [], note);
  }

  /** The answer about an entry that was decided before, `undefined` for an open one. */
  #known(letter: DeadLetter, wanted: Decided): DecideDeadLetterResponse | undefined {
    if (letter.resolution === undefined) return undefined;
    requireSame(letter.resolution, wanted);
    return { deadLetter: letter, already: true, note: '' };
  }

  #original({ position, letter }: IndexedDeadLetter): Original {
    const original = this.#options.index.original(position, letter.topic);
    if (original !== undefined) return original;
    const { topic, partition, offset } = letter;
    throw new LetheError(
      'precondition',
      `${letter.id} was too big to be set aside with its bytes, so it cannot be replayed. Its original is at offset ${offset} of ${topic}/${partition}; let its sender send it again in smaller parts, then drop it.`,
    );
  }

  #requireTurn(entry: IndexedDeadLetter): void {
    const earlier = this.#options.index.openBefore(entry);
    if (earlier === undefined) return;
    throw new LetheError(
      'precondition',
      `${earlier.id} came before ${entry.letter.id} with the same key and waits too. Decide about it first, or replay out of order (--out-of-order).`,
    );
  }

  async #decide(
    request: DecideDeadLetterRequest,
    { letter, lane }: IndexedDeadLetter,
    state: Decided,
    records: readonly OutgoingRecord[],
    note: string,
  ): Promise<DecideDeadLetterResponse> {
    const { index, resolutions, bus, clock, log } = this.#options;
    const mine: DeadLetterResolution = {
      deadLetterId: letter.id,
      state,
      reason: parseText('reason', request.reason, 'Say why, for whoever reads the record later.'),
      actor: parseText('actor', request.actor, 'Say who decides.'),
      time: clock.now(),
    };
    const resolution = await resolutions.decide(mine);
    requireSame(resolution, state);
    if (resolution !== mine && (await this.#wasCarriedOut(letter.id))) {
      return { deadLetter: this.find(letter.id).letter, already: true, note: '' };
    }
    const word = encodeEvent(topics.deadLetterResolved, lane, DeadLetterResolution, resolution);
    await bus.publish([...records, word]);
    index.apply([], [resolution]);
    log.warn(state === replayed ? 'dead letter replayed' : 'dead letter dropped', {
      deadLetter: letter.id,
      actor: resolution.actor,
    });
    return { deadLetter: this.find(letter.id).letter, already: false, note };
  }

  /** Whether the word about a decision that somebody else made arrives. */
  async #wasCarriedOut(id: string): Promise<boolean> {
    const { clock } = this.#options;
    for (let waitedMs = 0; waitedMs <= settleMs; waitedMs += lookEveryMs) {
      if (this.find(id).letter.resolution !== undefined) return true;
      await clock.sleep(lookEveryMs);
    }
    return false;
  }
}

function requireSame({ deadLetterId, state, actor, time }: DeadLetterResolution, wanted: Decided) {
  if (state === wanted) return;
  const what = state === replayed ? 'replayed' : 'dropped';
  throw new LetheError(
    'conflict',
    `${deadLetterId} was ${what} by ${actor} at ${time?.toISOString() ?? 'an unknown time'}; a decision is final.`,
  );
}

function parseText(field: string, text: string, remedy: string): string {
  const trimmed = text.trim();
  if (trimmed === '') throw LetheError.invalid(field, text, 'is empty', remedy);
  if (trimmed.length <= maxReasonCharacters) return trimmed;
  const description = `has more than ${maxReasonCharacters} characters`;
  throw LetheError.invalid(field, text, description, 'Shorten it.');
}
