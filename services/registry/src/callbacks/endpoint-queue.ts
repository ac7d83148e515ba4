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
  /** Deliveries held in memory; more wait in the store. */
  readonly maxHeld?: number;
  /** It holds few, and more wait in the store: `offer` some. */
  readonly onHungry?: () => void;
}

const defaultMaxHeld = 500;

/** Attempts under way at once while the receiver answers. */
const maxActive = 4;
const storeTroubleMs = 5_000;

/**
 * Deliveries to one receiver. Each has its own back-off; as long as nothing succeeds, the receiver
 * has one too and is asked with one delivery at a time: thousands that wait for a receiver that is
 * away cost it, and us, one attempt each now and then.
 *
 * Invariants:
 * 1. No more than `maxHeld` deliveries are in memory. What finds no room is left in the store.
 * 2. While anything may be left there, `hasMore` says so, and while that is said, what is to be tried
 *    later makes room for what was not tried yet.
 */
export class EndpointQueue {
  readonly #options: EndpointQueueOptions;
  readonly #due = new DueQueue<Entry>();
  readonly #held = new Set<string>();
  readonly #doorbell = new Doorbell();
  readonly #active = new Set<Promise<void>>();
  readonly #running: Promise<void>;
  readonly #maxHeld: number;
  #hasMore = false;
  #isLeftInPass = false;
  #left = 0;
  #failures = 0;
  #pausedUntilMs = 0;

  constructor(options: EndpointQueueOptions) {
    this.#options = options;
    this.#maxHeld = options.maxHeld ?? defaultMaxHeld;
    this.#running = this.#run();
  }

  /** Deliveries that wait, those under way and those in the store included. */
  get size(): number {
    return this.#held.size + this.#left;
  }

  get heldCount(): number {
    return this.#held.size;
  }

  get hasMore(): boolean {
    return this.#hasMore;
  }

  /** More could be held, and may be in the store. */
  get hasRoomForMore(): boolean {
    return this.#hasMore && this.#held.size < this.#maxHeld;
  }

  get isHungry(): boolean {
    return this.#hasMore && 4 * this.#held.size <= this.#maxHeld;
  }

  holds({ id }: PendingName): boolean {
    return this.#held.has(id);
  }

  /** What was just written to the store. */
  add(name: PendingName): void {
    if (this.#held.has(name.id)) return;
    if (this.#held.size < this.#maxHeld) this.#hold(name);
    else this.#leave();
  }

  /** For what somebody wants to see tried at once. */
  addNow(name: PendingName): void {
    this.#resume();
    if (this.#held.has(name.id)) this.#push(name, 0);
    else this.add(name);
  }

  /** What a pass over the store came upon. */
  offer(name: PendingName): void {
    if (this.#held.has(name.id)) return;
    if (this.#held.size >= this.#maxHeld) {
      this.#isLeftInPass = true;
      return;
    }
    this.#left = Math.max(0, this.#left - 1);
    this.#hold(name);
  }

  /** All that is in the store was offered since the end of the last pass. */
  endPass(): void {
    if (!this.#isLeftInPass) {
      this.#hasMore = false;
      this.#left = 0;
    }
    this.#isLeftInPass = false;
  }

  /** How many are in the store and not held, somebody counted. */
  countLeft(left: number): void {
    this.#left = left;
  }

  /** Returns when its signal has aborted and every attempt has ended. */
  async ended(): Promise<void> {
    await this.#running;
    await Promise.all(this.#active);
  }

  #hold(name: PendingName): void {
    this.#held.add(name.id);
    this.#push(name, 0);
  }

  #leave(): void {
    this.#hasMore = true;
    this.#isLeftInPass = true;
    this.#left += 1;
  }

  #letGo({ id }: PendingName): void {
    this.#held.delete(id);
    if (this.isHungry) this.#options.onHungry?.();
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
        if (this.#hasMore) {
          this.#leave();
          this.#letGo(name);
        } else {
          this.#push(name, outcome.dueMs);
        }
        return;
      }
      this.#letGo(name);
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
