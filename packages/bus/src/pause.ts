import { setTimeout as delay } from 'node:timers/promises';

/** Ends early, without an error, when `signal` aborts. */
export async function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  await delay(durationMs, undefined, { signal }).catch(() => {});
}
