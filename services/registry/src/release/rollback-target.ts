import { type Digest, LetheError, type ServingPointer } from '@lethe/contracts';
import { type LineageStore, purgingKey } from '@lethe/lineage';
import type { pointerBack } from '../domain/make-decision.ts';
import type { ServingBoard } from '../serving/serving-board.ts';
import { isQuarantined } from './quarantine.ts';

type Target = Parameters<typeof pointerBack>[0];

/** An earlier version that can serve again. @throws LetheError `precondition` naming why it cannot */
export async function rollbackTarget(
  { lineage, board }: { readonly lineage: LineageStore; readonly board: ServingBoard },
  modelKey: string,
  sequence: number,
  present: ServingPointer,
): Promise<Target> {
  const refuse = (why: string) =>
    new LetheError('precondition', `version ${sequence} of ${modelKey} ${why}. See lethe versions`);
  if (sequence === present.sequence) throw refuse('serves already');
  const { topologyDigest, weightsDigest } = await board.registration(modelKey);
  let target: Target;
  if (sequence === 0) {
    target = { sequence, topologyDigest, weightsDigest, manifestDigest: '', verdictDigest: '' };
  } else {
    const manifest = await lineage.manifest(modelKey, sequence);
    if (manifest?.record.entry?.$case !== 'round') {
      throw new LetheError(
        'not_found',
        `${modelKey} has no version ${sequence}. See lethe versions`,
      );
    }
    const decision = await lineage.decision(modelKey, sequence);
    if (decision?.record.promoted !== true) throw refuse('was never promoted');
    target = {
      sequence,
      topologyDigest,
      weightsDigest: manifest.record.entry.value.weightsDigest,
      manifestDigest: manifest.digest,
      verdictDigest: decision.record.verdictDigest,
    };
  }
  if (await isQuarantined(lineage, modelKey, sequence)) throw refuse('is in quarantine');
  if (await isGone(lineage, modelKey, target)) {
    throw refuse('was purged: its weights are gone for good');
  }
  return target;
}

/** Whether the weights of a version are gone, or are about to be. */
export async function isGone(
  lineage: LineageStore,
  modelKey: string,
  { sequence, weightsDigest }: Pick<Target, 'sequence' | 'weightsDigest'>,
): Promise<boolean> {
  const mark = await lineage.store.get(purgingKey(modelKey, sequence));
  return mark !== undefined || !(await lineage.blobs.has(weightsDigest as Digest));
}
