import type { SampleBatch } from '@lethe/datasets';
import { type Classifier, logits, predictedClasses } from '@lethe/models';

/** How many of the samples are given their label. */
export async function countRight(
  classifier: Classifier,
  { values, labels }: SampleBatch,
): Promise<number> {
  const output = await logits(classifier, values, labels.length);
  const predicted = predictedClasses(output, classifier.classCount);
  return predicted.filter((label, row) => label === labels[row]).length;
}
