import { setTimeout as sleep } from 'node:timers/promises';
import { LetheError } from '@lethe/contracts';
import type { LineageStore } from '@lethe/lineage';
import type { Log } from '@lethe/service-kit';
import type { HeldSets } from './held-sets.ts';

const everyMs = 60 * 60 * 1000;

/** Deletes what may no longer be held: at once, then every hour, until the signal. Never rejects. */
export async function sweepHeldSets(
  held: HeldSets,
  lineages: LineageStore,
  { log, signal }: { readonly log: Log; readonly signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    try {
      for (const modelKey of await lineages.models()) {
        await held.sweep(modelKey, async (sequence) => {
          const decision = await lineages.decision(modelKey, sequence);
          return decision?.record.promoted === false;
        });
      }
    } catch (thrown) {
      log.warn('held forget sets could not be swept; tried again in an hour', {
        error: LetheError.from(thrown),
      });
    }
    await sleep(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}
