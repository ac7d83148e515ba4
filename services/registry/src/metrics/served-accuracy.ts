import type { Verdict } from '@lethe/contracts';
import type { LineageStore } from '@lethe/lineage';

export interface ServedAccuracy {
  readonly modelKey: string;
  readonly generation: number;
  /** Shares from 0 to 1; `undefined` where the verdict measured none. */
  readonly retained: number | undefined;
  readonly forgotten: number | undefined;
}

/**
 * Accuracies of what serves, from its verdict. Nothing of a model that still serves its original:
 * no verdict was needed.
 *
 * @param known what was read before: only models whose pointer has moved are read anew
 */
export async function servedAccuracies(
  lineage: LineageStore,
  known: ReadonlyMap<string, ServedAccuracy>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ServedAccuracy>> {
  const found = new Map<string, ServedAccuracy>();
  for (const modelKey of await lineage.models()) {
    if (signal.aborted) return known;
    const pointer = (await lineage.serving(modelKey))?.pointer;
    if (pointer === undefined || pointer.sequence === 0) continue;
    const { generation } = pointer;
    const before = known.get(modelKey);
    if (before?.generation === generation) {
      found.set(modelKey, before);
      continue;
    }
    const verdict = await lineage.verdict(modelKey, pointer.sequence);
    if (verdict === undefined) continue;
    found.set(modelKey, { modelKey, generation, ...accuraciesOf(verdict.record) });
  }
  return found;
}

/** What a verdict says of its candidate's accuracy on kept and on forgotten samples. */
export function accuraciesOf({ checks }: Verdict): Pick<ServedAccuracy, 'retained' | 'forgotten'> {
  const measured = checks.filter(({ sampleCount }) => sampleCount > 0);
  const heldOut = measured.find(({ name }) => name === 'held_out_accuracy.vs_served');
  const forget = measured.find(
    ({ name }) => name.startsWith('forget_accuracy.') && !name.endsWith('.window'),
  );
  return {
    retained: heldOut?.observed,
    // In mode untrain a difference from unseen samples, with both sides; else the share itself.
    forgotten: forget?.name === 'forget_accuracy.vs_unseen' ? forget.observed : forget?.value,
  };
}
