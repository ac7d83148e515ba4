import { type Digest, LetheError, type ModelRegistration } from '@lethe/contracts';
import { openDataset, rowsOfRanges } from '@lethe/datasets';
import type { LineageStore } from '@lethe/lineage';
import { decodeModel } from '@lethe/models';
import { countRight } from './count-right.ts';

const batchSize = 500;

/** Accuracy of the model as it was imported over its gate set. */
export async function measureOriginal(
  lineage: LineageStore,
  registration: ModelRegistration,
  onProgress: (done: number, total: number) => void,
): Promise<{ accuracy: number; samples: number }> {
  const gate = registration.evaluationSets.find((set) => set.role === 'gate');
  if (gate?.source === undefined) throw new LetheError('corrupt', 'the model has no gate set');
  await using dataset = await openDataset(gate.source);
  const classifier = await decodeModel(
    await lineage.blobs.get(registration.topologyDigest as Digest),
    await lineage.blobs.get(registration.weightsDigest as Digest),
    registration.preprocessing,
  );
  const rows = rowsOfRanges(gate.ranges, dataset.size);
  let right = 0;
  for (let from = 0; from < rows.length; from += batchSize) {
    onProgress(from, rows.length);
    const batch = await dataset.read(rows.subarray(from, from + batchSize));
    right += await countRight(classifier, batch);
  }
  classifier.model.dispose();
  return { accuracy: right / rows.length, samples: rows.length };
}
