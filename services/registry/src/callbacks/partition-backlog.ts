import { type Clock, Doorbell, type Log } from '@lethe/service-kit';
import type { DeliveryStore, PendingName } from './delivery-store.ts';
import { EndpointQueue, type EndpointQueueOptions } from './endpoint-queue.ts';

export interface PartitionBacklogOptions {
  readonly partition: number;
  readonly deliveries: DeliveryStore;
  readonly deliver: EndpointQueueOptions['deliver'];
  readonly giveUp: (name: PendingName) => Promise<void>;
  readonly giveUpMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** In memory, for each receiver. */
  readonly maxHeld?: number;
}

/** The store is not gone through again before this has passed. */
const passEveryMs = 60_000;
/** How often is looked for what nobody will try any more. */
const sweepEveryMs = 3_600_000;
const storeTroubleMs = 5_000;

/**
 * What waits to be sent of one partition of the status topic: a queue for each receiver, and the
 * store, which has what the queues do not hold. A receiver that is away for days fills the store,
 * never the memory.
 */
export class PartitionBacklog {
  readonly #options: PartitionBacklogOptions;
  readonly #queues = new Map<string, EndpointQueue>();
  readonly #doorbell = new Doorbell();
  readonly #running: Promise<void>;
  #sweptMs: number;

  constructor(options: PartitionBacklogOptions) {
    this.#options = options;
    this.#sweptMs = options.clock.now().getTime();
    this.#running = this.#run();
  }

  get queues(): ReadonlyMap<string, EndpointQueue> {
    return this.#queues;
  }

  queueTo(emitter: string): EndpointQueue {
    const found = this.#queues.get(emitter);
    if (found !== undefined) return found;
    const { deliver, clock, log, signal, maxHeld } = this.#options;
    const made = new EndpointQueue({
      ...{ deliver, clock, log, signal },
      ...(maxHeld === undefined ? {} : { maxHeld }),
      onHungry: () => this.#doorbell.ring(),
    });
    this.#queues.set(emitter, made);
    return made;
  }

  /** Returns when its signal has aborted and every attempt has ended. */
  async ended(): Promise<void> {
    await this.#running;
    await Promise.all([...this.#queues.values()].map((queue) => queue.ended()));
  }

  async #run(): Promise<void> {
    const { clock, log, signal } = this.#options;
    let passBegunMs = Number.NEGATIVE_INFINITY;
    /** How far the pass has come; `undefined` between passes. */
    let reached: { readonly last: PendingName | undefined } | undefined;
    while (!signal.aborted) {
      const nowMs = clock.now().getTime();
      const hasMore = this.#some(({ hasMore }) => hasMore);
      const waits = [hasMore ? this.#sweptMs + sweepEveryMs - nowMs : Infinity];
      if (this.#some(({ isHungry }) => isHungry)) {
        waits.push(reached === undefined ? passBegunMs + passEveryMs - nowMs : 0);
      }
      const waitMs = Math.min(...waits);
      if (waitMs > 0) {
        await this.#doorbell.wait(clock, Number.isFinite(waitMs) ? waitMs : undefined, signal);
        continue;
      }
      try {
        if (waits[0] === waitMs) {
          await this.#sweep(nowMs);
          continue;
        }
        if (reached === undefined) passBegunMs = nowMs;
        reached = await this.#fill(reached?.last);
      } catch (error) {
        log.warn('callbacks that wait could not be read; it is tried again', { error });
        await clock.sleep(storeTroubleMs, signal).catch(() => {});
      }
    }
  }

  /** Offers what comes after `last` until nobody has room; where it stopped. */
  async #fill(last: PendingName | undefined): Promise<{ last: PendingName } | undefined> {
    const { deliveries, partition, signal } = this.#options;
    for await (const name of deliveries.pendingOf(partition, last)) {
      this.queueTo(name.emitter).offer(name);
      if (signal.aborted || !this.#some(({ hasRoomForMore }) => hasRoomForMore)) {
        return { last: name };
      }
    }
    for (const queue of this.#queues.values()) queue.endPass();
    return undefined;
  }

  /** Counts what is left in the store, and gives up what waited there for its time. */
  async #sweep(nowMs: number): Promise<void> {
    const { deliveries, partition, signal, giveUp, giveUpMs } = this.#options;
    this.#sweptMs = nowMs;
    const left = new Map<string, number>();
    for await (const name of deliveries.pendingOf(partition)) {
      if (signal.aborted) return;
      if (this.#queues.get(name.emitter)?.holds(name)) continue;
      if (nowMs - name.modifiedMs >= giveUpMs) await giveUp(name);
      else left.set(name.emitter, (left.get(name.emitter) ?? 0) + 1);
    }
    for (const [emitter, queue] of this.#queues) queue.countLeft(left.get(emitter) ?? 0);
  }

  #some(test: (queue: EndpointQueue) => boolean): boolean {
    for (const queue of this.#queues.values()) if (test(queue)) return true;
    return false;
  }
}
