import { setTimeout } from 'node:timers/promises';

const firstPauseMs = 50;
const longestPauseMs = 1_000;

/** Works again after a growing pause while `isWorthwhile` says so, at most `attempts` times in all. */
export async function withRetries<T>(
  work: () => Promise<T>,
  options: {
    readonly attempts: number;
    readonly isWorthwhile: (thrown: unknown) => boolean;
    readonly signal: AbortSignal;
  },
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (thrown) {
      const isLast = attempt >= options.attempts || options.signal.aborted;
      if (isLast || !options.isWorthwhile(thrown)) throw thrown;
    }
    const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** (attempt - 1));
    // Half of it by chance: many clients of one server must not come back together.
    await setTimeout(pauseMs * (0.5 + Math.random() / 2), undefined);
  }
}
