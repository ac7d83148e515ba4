import { setTimeout as delay } from 'node:timers/promises';
import { LetheError } from '@lethe/contracts';

/** Time as a dependency, so that tests can hold it. */
export interface Clock {
  now(): Date;
  /** @throws LetheError `cancelled` when `signal` aborts first */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => new Date(),
  async sleep(ms, signal) {
    try {
      await delay(ms, undefined, signal === undefined ? {} : { signal });
    } catch (cause) {
      throw new LetheError('cancelled', 'the wait was cancelled', { cause });
    }
  },
};
