import type { MessageBus } from '@lethe/bus';
import { LetheError, topics } from '@lethe/contracts';
import type { Clock } from '@lethe/service-kit';
import { groupOf } from './project-statuses.ts';
import type { RequestProjection } from './request-projection.ts';

/** A partition that was not read for so long is left behind. */
const silentAfterMs = 30_000;
/** Offsets that may be left where nothing is: ends of transactions take some. */
const emptyOffsets = 1_000n;
/** A status that was just published is in a moment later: so long it is waited for. */
const patienceMs = 3_000;
const lookEveryMs = 100;

interface PartitionState {
  readonly sinceMs: number;
  isCaughtUp: boolean;
  readMs: number;
}

/** What the reader of a partition tells. */
export interface PartitionReading extends Disposable {
  /** A read has ended and is applied. @param lastMs time of its last record; none: nothing was left */
  read(lastMs: number | undefined): void;
}

/**
 * Knows whether a projection holds all that the topic did a moment ago. One that is being made anew,
 * or was left behind, knows too little: requests are missing, and what ended long ago looks overdue.
 * Who would act on that asks here first.
 */
export class ProjectionCurrency {
  readonly #bus: Pick<MessageBus, 'lag'>;
  readonly #group: string;
  readonly #clock: Clock;
  readonly #patienceMs: number;
  readonly #partitions = new Map<number, PartitionState>();
  /** How many there are; they are never altered. Known once the backlog of each was seen to be small. */
  #counting: Promise<number> | undefined;

  constructor(options: {
    readonly bus: Pick<MessageBus, 'lag'>;
    readonly projection: RequestProjection;
    readonly clock: Clock;
    readonly patienceMs?: number;
  }) {
    this.#bus = options.bus;
    this.#group = groupOf(options.projection);
    this.#clock = options.clock;
    this.#patienceMs = options.patienceMs ?? patienceMs;
  }

  /** A partition was handed over; until the result is disposed of, it is read. */
  follow(partition: number): PartitionReading {
    const nowMs = () => this.#clock.now().getTime();
    const state: PartitionState = { sinceMs: nowMs(), isCaughtUp: false, readMs: nowMs() };
    this.#partitions.set(partition, state);
    return {
      read: (lastMs) => {
        // What was written since the hand-over comes after all that was there before.
        state.isCaughtUp ||= lastMs === undefined || lastMs > state.sinceMs;
        state.readMs = nowMs();
      },
      [Symbol.dispose]: () => {
        if (this.#partitions.get(partition) === state) this.#partitions.delete(partition);
      },
    };
  }

  /** `false` also where nobody can tell. */
  async isCurrent(): Promise<boolean> {
    return await this.#look().catch(() => false);
  }

  /** @throws LetheError `unavailable` while statuses are missing, or nobody can tell */
  async require(): Promise<void> {
    for (let waitedMs = 0; !(await this.#look()); waitedMs += lookEveryMs) {
      if (waitedMs >= this.#patienceMs) {
        throw new LetheError(
          'unavailable',
          'the registry is still reading the statuses of requests and cannot say yet where all of them stand. Ask again in a moment',
        );
      }
      await this.#clock.sleep(lookEveryMs);
    }
  }

  async #look(): Promise<boolean> {
    const nowMs = this.#clock.now().getTime();
    const states = [...this.#partitions.values()];
    const isRead = ({ isCaughtUp, readMs }: PartitionState) =>
      isCaughtUp && nowMs - readMs < silentAfterMs;
    if (states.length === 0 || !states.every(isRead)) return false;
    return states.length === (await this.#count());
  }

  /** Many who ask at once cost one look; a look that finds a backlog counts none. */
  async #count(): Promise<number> {
    this.#counting ??= this.#bus
      .lag(this.#group, [topics.deletionStatus.name])
      .then((partitions) => {
        const isSmall = partitions.every(({ lag }) => lag <= emptyOffsets);
        return isSmall ? partitions.length : -1;
      });
    const counting = this.#counting;
    let count = -1;
    try {
      count = await counting;
      return count;
    } finally {
      if (count === -1 && this.#counting === counting) this.#counting = undefined;
    }
  }
}
