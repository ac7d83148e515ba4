/** What may be stuck. */
export interface Watched {
  /** Why it is, where it is. @param nowMs as `performance.now()` */
  stuck(nowMs: number): string | undefined;
}

/**
 * Notices work that does not get on: a handler that never returns, a commit that nobody answers, a
 * round that reports nothing. Who waits for trouble outside to end is not stuck: that is a retry,
 * which ends and begins anew.
 *
 * Invariants:
 * 1. A watch that has no work is never stuck, however long ago it last moved.
 * 2. Anything that moves under a watch (a beginning, an end, a beat) counts for all of its work:
 *    some of it may be waiting for its turn behind the rest.
 */
export class WorkWatch implements Watched, Disposable {
  readonly #what: string;
  readonly #limitMs: number;
  #atWork = 0;
  #movedMs = Number.NEGATIVE_INFINITY;

  /** @param what begins a sentence, for example `handling records as registry` */
  constructor(what: string, limitMs: number) {
    this.#what = what;
    this.#limitMs = limitMs;
    watches.add(this);
  }

  /** It got on. */
  beat(): void {
    this.#movedMs = performance.now();
  }

  begin(): void {
    this.#atWork += 1;
    this.beat();
  }

  end(): void {
    this.#atWork -= 1;
    this.beat();
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    this.begin();
    try {
      return await work();
    } finally {
      this.end();
    }
  }

  /** Why it is stuck, where it is. */
  stuck(nowMs: number): string | undefined {
    const stillMs = nowMs - this.#movedMs;
    if (this.#atWork === 0 || stillMs < this.#limitMs) return undefined;
    return `${this.#what} does not get on: nothing has moved for ${Math.round(stillMs / 1000)} s`;
  }

  [Symbol.dispose](): void {
    watches.delete(this);
  }
}

/** All of the process: it is alive or not as a whole. */
const watches = new Set<Watched>();

/** Counts `watched` as part of this process's work, until the result is disposed of. */
export function watchWork(watched: Watched): Disposable {
  watches.add(watched);
  return { [Symbol.dispose]: () => void watches.delete(watched) };
}

/** Why this process should be replaced; `undefined` while everything gets on. */
export function stuckWork(nowMs: number = performance.now()): string | undefined {
  const reasons = [...watches].flatMap((watch) => watch.stuck(nowMs) ?? []);
  return reasons.length === 0 ? undefined : reasons.join('; ');
}
