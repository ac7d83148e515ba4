import { type ObjectStore, requireConformance } from '@lethe/store';
import type { Clock } from './clock.ts';
import { whenReachable } from './lifecycle/when-reachable.ts';
import type { Log } from './log/log.ts';

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
  const onTrouble = (error: Error) => log.warn('waiting for the object store', { error });
  await whenReachable(() => requireConformance(store), { clock, signal, onTrouble });
}
