import type { LineageStore } from '@lethe/lineage';
import type { Clock, Log } from '@lethe/service-kit';
import type { ServingBoard } from './serving-board.ts';

/** How soon a newly registered model gets its first serving pointer, unless it is asked for. */
const seedEveryMs = 1_000;
/** A folder lists long logs slowly: where looking takes long, it is done less often. */
const maxSeedEveryMs = 8_000;

export interface SeedDeps {
  readonly lineage: LineageStore;
  readonly board: ServingBoard;
  readonly clock: Clock;
  readonly log: Log;
}

/** Gives every model that is registered its first serving pointer, until `signal` aborts. */
export async function seedPointers(
  { lineage, board, clock, log }: SeedDeps,
  signal: AbortSignal,
): Promise<void> {
  const seeded = new Set<string>();
  while (!signal.aborted) {
    const sinceMs = performance.now();
    try {
      for (const modelKey of await lineage.models()) {
        if (!seeded.has(modelKey)) await board.current(modelKey);
        seeded.add(modelKey);
      }
    } catch (error) {
      log.warn('looking for new models failed', { error });
    }
    const tookMs = performance.now() - sinceMs;
    const pauseMs = Math.max(seedEveryMs, Math.min(100 * tookMs, maxSeedEveryMs));
    await clock.sleep(pauseMs, signal).catch(() => {});
  }
}
