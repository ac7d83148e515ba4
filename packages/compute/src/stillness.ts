import type { ProcessUsage } from './process-usage.ts';

/** A process at work that uses less than this has stopped: waking up to look around uses some. */
const leastCpuSeconds = 0.1;
/** Looks further apart than this say that the whole machine slept. */
const longestGapMs = 5_000;

/**
 * Notices a process that has a job and uses no processor time: stopped, dead-locked, or hung on a
 * disk. What only takes long does not look like this, nor does what waits for a processor that
 * others keep busy.
 */
export class Stillness {
  readonly #limitMs: number;
  #cpuSeconds: number | undefined;
  #sinceMs = 0;
  #lookedMs = 0;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** Whether it has been still for as long as the limit, at a look `nowMs`. */
  look(
    { cpuSeconds, isRunnable }: Pick<ProcessUsage, 'cpuSeconds' | 'isRunnable'>,
    nowMs: number,
  ): boolean {
    const isGap = nowMs - this.#lookedMs > longestGapMs;
    const moved =
      this.#cpuSeconds === undefined || cpuSeconds - this.#cpuSeconds >= leastCpuSeconds;
    this.#lookedMs = nowMs;
    if (moved || isRunnable || isGap) {
      this.#cpuSeconds = cpuSeconds;
      this.#sinceMs = nowMs;
    }
    return nowMs - this.#sinceMs >= this.#limitMs;
  }

  /** It told of progress. */
  stir(): void {
    this.#cpuSeconds = undefined;
  }
}
