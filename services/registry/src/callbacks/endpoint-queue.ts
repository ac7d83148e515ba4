import { type Clock, Doorbell, type Log } from '@lethe/service-kit';
import { type DeliverOutcome, retryDelayMs } from './deliver.ts';
import type { PendingName } from './delivery-store.ts';
import { DueQueue } from './due-queue.ts';

interface Entry {
  readonly name: PendingName;
  readonly dueMs: number;
}

export interface EndpointQueueOptions {
  readonly deliver: (name: PendingName, signal: AbortSignal) => Promise<DeliverOutcome>;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Attempts under way at once while the receiver answers. */
const maxActive = 4;
const storeTroubleMs = 5_000;

/**
 * Deliveries to one receiver. Each has its own back-off; as long as nothing succeeds, the receiver
 * has one too and is asked with one delivery at a time: thousands that wait for a receiver that is
 * away cost it, and us, one attempt each now and then.
 */
export class EndpointQueue {
  readonly #options: EndpointQueueOptions;
  readonly #due = new DueQueue<Entry>();
  readonly #waiting = new Set<string>();
  readonly #doorbell = new Doorbell();
  readonly #active = new Set<Promise<void>>();
  readonly #running: Promise<void>;
  #failures = 0;
  #pausedUntilMs = 0;

  constructor(options: EndpointQueueOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /** Deliveries that wait, those under way included. */
  get size(): number {
    return this.#waiting.size;
  }

  add(name: PendingName): void {
    if (this.#waiting.has(name.id)) return;
    this.#waiting.add(name.id);
    this.#push(name, 0);
  }

  /** For what somebody wants to see tried at once. */
  addNow(name: PendingName): void {
    this.#resume();
    this.#waiting.add(name.id);
    this.#push(name, 0);
  }

  /** Returns when its signal has aborted and every attempt has ended. */
  async ended(): Promise<void> {
    await this.#running;
    await Promise.all(this.#active);
  }

  #push(name: PendingName, dueMs: number): void {
    this.#due.push({ name, dueMs });
    this.#doorbell.ring();
  }

  async #run(): Promise<void> {
    const { clock, signal } = this.#options;
    while (!signal.aborted) {
      const next = this.#due.peek();
      const nowMs = clock.now().getTime();
      const isFull = this.#active.size >= (this.#failures > 0 ? 1 : maxActive);
      const dueMs = next && Math.max(next.dueMs, this.#pausedUntilMs);
      if (dueMs === undefined || isFull || dueMs > nowMs) {
        const waitMs = dueMs === undefined || isFull ? undefined : dueMs - nowMs;
        await this.#doorbell.wait(clock, waitMs, signal);
        continue;
      }
      const entry = this.#due.pop() as Entry;
      const attempt: Promise<void> = this.#attempt(entry).finally(() => {
        this.#active.delete(attempt);
        this.#doorbell.ring();
      });
      this.#active.add(attempt);
    }
  }

  async #attempt({ name }: Entry): Promise<void> {
    const { deliver, clock, log, signal } = this.#options;
    try {
      const outcome = await deliver(name, signal);
      if (outcome.kind === 'again') {
        if (outcome.hasFailed) this.#pause();
        this.#push(name, outcome.dueMs);
        return;
      }
      this.#waiting.delete(name.id);
      if (outcome.isAnswered) this.#resume();
    } catch (error) {
      log.warn('a callback could not be worked on; it is tried again', { id: name.id, error });
      this.#push(name, clock.now().getTime() + storeTroubleMs);
    }
  }

  #pause(): void {
    this.#failures += 1;
    const pauseMs = Math.min(retryDelayMs(this.#failures), maxPauseMs);
    this.#pausedUntilMs = this.#options.clock.now().getTime() + pauseMs;
  }

  #resume(): void {
    this.#failures = 0;
    this.#pausedUntilMs = 0;
  }
}

/** A receiver that is back is noticed within this long. */
const maxPauseMs = 60_000;
