import type { AuditLog } from '@lethe/audit-log';
import { LetheError } from '@lethe/contracts';
import { type KeyRing, publishKeySet } from '@lethe/evidence';
import type { LineageStore } from '@lethe/lineage';
import { count } from '@lethe/telemetry';
import type { DeliveryStore } from './callbacks/delivery-store.ts';
import { noteRefusals } from './evidence/note-refusals.ts';
import { collectOrphans } from './purge/collect-orphans.ts';
import { purgeVersions } from './purge/purge-versions.ts';
import type { Rollbacks } from './release/rollback.ts';
import { type ExpireDeps, expireRequests } from './requests/expire-requests.ts';
import type { ProjectionCurrency } from './requests/projection-currency.ts';
import { tellDue } from './requests/tell-due.ts';

export interface MaintenanceDeps extends ExpireDeps {
  readonly lineage: LineageStore;
  readonly auditLog: AuditLog;
  readonly rollbacks: Rollbacks;
  readonly retention: Retention;
  readonly currency: Pick<ProjectionCurrency, 'isCurrent'>;
  /** Keys that sign checkpoints: published, so that others can tell whose they are. */
  readonly keys: KeyRing;
  readonly deliveries: Pick<DeliveryStore, 'prune'>;
  /** Hears how many versions of a model are due to be purged and still there. */
  readonly onPurgeDue: (modelKey: string, count: number) => void;
}

/** How long things are kept. */
export interface Retention {
  /** Weights of superseded and refused versions, after their decision. */
  readonly weightsMs: number;
  /** Blobs that no record names. */
  readonly orphansMs: number;
  readonly auditLogMs: number;
  /** Time between two looks at what is due. */
  readonly everyMs: number;
}

const checkpointEveryMs = 60_000;
/** Longer than callbacks are tried by far: a status that comes again is known to be delivered. */
const keepDeliveredMs = 400 * 24 * 60 * 60 * 1000;

/** Works until `signal` aborts: checkpoints, rollbacks to write down, purges, retention. */
export async function maintain(deps: MaintenanceDeps, signal: AbortSignal): Promise<void> {
  const { clock, log, retention } = deps;
  let swept = Number.NEGATIVE_INFINITY;
  let checkpointed = Number.NEGATIVE_INFINITY;
  const settled = new Map<string, number>();
  while (!signal.aborted) {
    const nowMs = clock.now().getTime();
    try {
      await deps.rollbacks.recordPending();
      // While statuses are missing, what ended long ago looks overdue.
      if (await deps.currency.isCurrent()) {
        await expireRequests(deps);
        await tellDue(deps);
      }
      if (nowMs - checkpointed >= checkpointEveryMs) {
        // Also what a registry owes that died after it had moved a pointer back.
        await recordRollbacks(deps);
        await noteRefusals(deps);
        await publishKeySet(deps.lineage.store, deps.keys);
        await deps.auditLog.checkpoint();
        checkpointed = nowMs;
      }
      if (nowMs - swept >= retention.everyMs) {
        await sweep(deps, settled);
        swept = nowMs;
      }
    } catch (error) {
      count('lethe.maintenance.failures', { reason: LetheError.from(error).code });
      log.warn('maintenance failed; it is tried again', { error });
    }
    await clock.sleep(Math.min(retention.everyMs, 1_000), signal).catch(() => {});
  }
}

async function recordRollbacks({ lineage, rollbacks }: MaintenanceDeps): Promise<void> {
  for (const modelKey of await lineage.models()) await rollbacks.record(modelKey);
}

/**
 * Everything whose time to be kept is over.
 *
 * @param settled by model: up to where nothing is left to purge
 */
export async function sweep(
  deps: MaintenanceDeps,
  settled: Map<string, number> = new Map(),
): Promise<void> {
  const { lineage, recorder, clock, log, retention } = deps;
  const now = () => clock.now();
  for (const modelKey of await lineage.models()) {
    const { onPurgeDue: onDue } = deps;
    const purge = { lineage, recorder, keepMs: retention.weightsMs, now, onDue, settled };
    const purged = await purgeVersions(purge, modelKey);
    if (purged.length > 0) log.info('purged superseded weights', { modelKey, sequences: purged });
  }
  const collect = { lineage, recorder, leastAgeMs: retention.orphansMs, now };
  const orphans = await collectOrphans(collect);
  if (orphans.length > 0) log.info('deleted blobs that no record names', { count: orphans.length });
  const forgotten = await deps.deliveries.prune(new Date(now().getTime() - keepDeliveredMs));
  if (forgotten > 0) log.info('forgot delivered callbacks', { count: forgotten });
  const oldest = new Date(now().getTime() - retention.auditLogMs);
  try {
    const pruned = await deps.auditLog.prune(oldest, 'registry', now());
    if (pruned > 0) log.info('removed old audit entries', { entries: pruned });
  } catch (error) {
    if (LetheError.from(error).code !== 'precondition') throw error;
    // The key of the services may add to the log, not take from it.
    log.warn('old audit entries are left; an operator removes them: lethe audit-log prune', {
      error,
    });
  }
}
