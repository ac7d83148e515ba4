import { LetheError } from '@lethe/contracts';
import { type ObjectStore, requireConformance } from '@lethe/store';
import type { Clock } from './clock.ts';
import type { Log } from './log/log.ts';

const firstPauseMs = 500;
const longestPauseMs = 10_000;

/**
 * Waits for a store that is down or full, saying so in the log, and then proves that it can be
 * relied on.
 *
 * @throws LetheError `precondition` for a store that cannot, or denies access; `cancelled`
 */
export async function awaitConformance(
  store: ObjectStore,
  { log, clock, signal }: { log: Log; clock: Clock; signal: AbortSignal },
): Promise<void> {
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
    try {
      return await requireConformance(store);
    } catch (error) {
      const { code } = LetheError.from(error);
      if (code !== 'unavailable' && code !== 'capacity') throw error;
      log.warn('waiting for the object store', { error });
    }
    await clock.sleep(pauseMs, signal);
  }
}
