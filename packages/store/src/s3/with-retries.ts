import { setTimeout } from 'node:timers/promises';

const firstPauseMs = 50;
const longestPauseMs = 1_000;

/** Works again after a growing pause while what was thrown allows for another attempt. */
export async function withRetries<T>(
  work: () => Promise<T>,
  options: {
    /** In all, for work that failed so; 1: none but the first. */
    readonly attempts: (thrown: unknown) => number;
    readonly signal: AbortSignal;
  },
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (thrown) {
      if (options.signal.aborted || attempt >= options.attempts(thrown)) throw thrown;
    }
    const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** (attempt - 1));
    // Half of it by chance: many clients of one server must not come back together.
    await setTimeout(pauseMs * (0.5 + Math.random() / 2), undefined);
  }
}
