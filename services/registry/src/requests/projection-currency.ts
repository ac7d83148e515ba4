import type { MessageBus } from '@lethe/bus';
import { LetheError, topics } from '@lethe/contracts';
import type { Clock } from '@lethe/service-kit';
import { groupOf } from './project-statuses.ts';
import type { RequestProjection } from './request-projection.ts';

/** How old the knowledge may be that a projection had caught up. */
const maxAgeMs = 5_000;
/** A status that was just published is in a moment later: so long it is waited for. */
const patienceMs = 2_000;
const lookEveryMs = 100;

/**
 * Knows whether a projection holds all that the topic did a moment ago. One that is being made anew,
 * or was left behind, counts too few requests: who must not be told "none is overdue" by mistake
 * asks here first.
 */
export class ProjectionCurrency {
  readonly #bus: Pick<MessageBus, 'lag'>;
  readonly #group: string;
  readonly #clock: Clock;
  readonly #patienceMs: number;
  /** Ends of the partitions at the last look: what has to be in by now. */
  #wanted: ReadonlyMap<number, bigint> | undefined;
  #current: { readonly sinceMs: number; readonly answer: Promise<boolean> } | undefined;

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

  /** @throws LetheError `unavailable` while statuses are missing, or nobody can tell */
  async require(): Promise<void> {
    const nowMs = this.#clock.now().getTime();
    const ageMs = nowMs - (this.#current?.sinceMs ?? Number.NEGATIVE_INFINITY);
    // Many who ask at once cost one look.
    if (this.#current === undefined || ageMs < 0 || ageMs >= maxAgeMs) {
      this.#current = { sinceMs: nowMs, answer: this.#lookPatiently() };
    }
    const { answer } = this.#current;
    try {
      if (await answer) return;
    } catch (thrown) {
      this.#current = undefined;
      throw thrown;
    }
    this.#current = undefined;
    throw new LetheError(
      'unavailable',
      'the registry is still reading the statuses of requests and cannot say yet that none is overdue. Ask again in a moment',
    );
  }

  async #lookPatiently(): Promise<boolean> {
    for (let waitedMs = 0; ; waitedMs += lookEveryMs) {
      if (await this.#look()) return true;
      if (waitedMs >= this.#patienceMs) return false;
      await this.#clock.sleep(lookEveryMs);
    }
  }

  async #look(): Promise<boolean> {
    const partitions = await this.#bus.lag(this.#group, [topics.deletionStatus.name]);
    const ends = new Map(partitions.map(({ partition, end }) => [partition, end]));
    const wanted = this.#wanted ?? ends;
    const isIn = partitions.every((each) => each.committed >= (wanted.get(each.partition) ?? 0n));
    // While something is missing, what is waited for stays the same: the topic may grow all the time.
    this.#wanted = isIn ? ends : wanted;
    return isIn;
  }
}
