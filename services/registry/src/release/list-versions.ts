import type { ListVersionsRequest, ListVersionsResponse, VersionSummary } from '@lethe/contracts';
import { parseModelKey } from '@lethe/contracts';
import { type LineageStore, logKey, newestSequence } from '@lethe/lineage';
import { parseLimit } from '../handlers/page.ts';
import type { ServingBoard } from '../serving/serving-board.ts';
import { findQuarantine } from './quarantine.ts';
import { versionState } from './version-state.ts';

export interface VersionsContext {
  readonly lineage: LineageStore;
  readonly board: ServingBoard;
  /** Whether weights that were superseded then may be kept no longer. */
  readonly isPurgeDue: (decided: Date) => boolean;
}

/** Attempts of a model and what became of each, newest first. */
export async function listVersions(
  context: VersionsContext,
  request: ListVersionsRequest,
): Promise<ListVersionsResponse> {
  const modelKey = parseModelKey(request.modelKey);
  const limit = parseLimit(request.limit);
  const { pointer } = await context.board.current(modelKey);
  let sequence =
    request.beforeSequence === 0
      ? await newestSequence(context.lineage, modelKey, pointer.sequence)
      : request.beforeSequence - 1;
  const versions: VersionSummary[] = [];
  for (; sequence >= 1 && versions.length < limit; sequence--) {
    const summary = await summarise(context, modelKey, sequence, pointer.sequence);
    if (summary !== undefined) versions.push(summary);
  }
  return { versions };
}

async function summarise(
  { lineage, isPurgeDue }: VersionsContext,
  modelKey: string,
  sequence: number,
  servingSequence: number,
): Promise<VersionSummary | undefined> {
  const [manifest, verdict, decision, quarantine, purge] = await Promise.all([
    lineage.manifest(modelKey, sequence),
    lineage.verdict(modelKey, sequence),
    lineage.decision(modelKey, sequence),
    findQuarantine(lineage, modelKey, sequence),
    lineage.store.get(logKey(modelKey, 'purges', sequence)),
  ]);
  if (manifest?.record.entry?.$case !== 'round') return undefined;
  const decided = decision?.record;
  return {
    sequence,
    state: versionState({
      verdict: verdict?.record,
      decision: decided,
      isQuarantined: quarantine !== undefined,
      isPurged: purge !== undefined,
      isServing: sequence === servingSequence,
      isRolledBack: sequence > servingSequence,
      isPurgeDue: decided?.decidedTime !== undefined && isPurgeDue(decided.decidedTime),
    }),
    weightsDigest: manifest.record.entry.value.weightsDigest,
    reason: quarantine?.reason ?? decided?.explanation ?? '',
    createdTime: manifest.record.createdTime,
  };
}
