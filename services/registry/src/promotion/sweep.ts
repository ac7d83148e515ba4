import type { ModelVerdict } from '@lethe/contracts';
import type { LineageStore } from '@lethe/lineage';
import type { ServingBoard } from '../serving/serving-board.ts';

/**
 * Verdicts of a model that no decision follows: what a lost or set-aside event would leave behind.
 * Looks only at what came after the version that serves.
 */
export async function undecidedVerdicts(
  lineage: LineageStore,
  board: ServingBoard,
  modelKey: string,
): Promise<ModelVerdict[]> {
  const { pointer } = await board.current(modelKey);
  const found: ModelVerdict[] = [];
  // The serving version itself may lack its decision: its promoter may have died in between.
  for (let sequence = Math.max(1, pointer.sequence); ; sequence++) {
    const manifest = await lineage.manifest(modelKey, sequence);
    if (manifest === undefined) return found;
    if (manifest.record.entry?.$case !== 'round') continue;
    if ((await lineage.decision(modelKey, sequence)) !== undefined) continue;
    const verdict = await lineage.verdict(modelKey, sequence);
    if (verdict === undefined) continue;
    found.push({
      modelKey,
      sequence,
      manifestDigest: manifest.digest,
      verdictDigest: verdict.digest,
      outcome: verdict.record.outcome,
    });
  }
}
