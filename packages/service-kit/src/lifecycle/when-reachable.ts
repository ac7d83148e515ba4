import { type Backoff, exponentialBackoff } from '@lethe/bus';
import { LetheError } from '@lethe/contracts';
import { type Clock, systemClock } from '../clock.ts';

export interface ReachOptions {
  readonly signal: AbortSignal;
  /** Hears why it cannot be used yet, each time. */
  readonly onTrouble: (error: LetheError) => void;
  readonly clock?: Clock;
  readonly backoff?: Backoff;
}

/**
 * Opens what a service stands on as soon as it answers and has room: the parts of a system start
 * in any order, and a broker may come up last.
 *
 * @throws LetheError what `open` throws, `unavailable` and `capacity` excepted; `cancelled` when
 * the signal aborts
 */
export async function whenReachable<T>(
  open: () => Promise<T>,
  { signal, onTrouble, clock = systemClock, backoff = defaultBackoff }: ReachOptions,
): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await open();
    } catch (thrown) {
      const error = LetheError.from(thrown);
      if (error.code !== 'unavailable' && error.code !== 'capacity') throw error;
      onTrouble(error);
      await clock.sleep(backoff(failures), signal);
    }
  }
}

const defaultBackoff = exponentialBackoff(500, 10_000);
