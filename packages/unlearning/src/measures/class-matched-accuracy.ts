import { margins } from './margins.ts';

/**
 * Accuracy that the forget set would have if it were unseen: held-out accuracy of each class,
 * weighted by how often the class occurs in the forget set. Classes without held-out samples are
 * left out.
 *
 * @param logits of the held-out samples, row-major [n, classCount]
 * @param labels of the held-out samples, [n]
 * @param forgetLabels [k]
 * @returns 0 … 1; NaN when no class of the forget set is held out
 */
export function classMatchedAccuracy(
  logits: Float32Array,
  labels: Int32Array,
  forgetLabels: Int32Array,
  classCount: number,
): number {
  const right = new Float64Array(classCount);
  const seen = new Float64Array(classCount);
  for (const [i, margin] of margins(logits, labels, classCount).entries()) {
    const label = labels[i] as number;
    seen[label] = (seen[label] as number) + 1;
    if (margin > 0) right[label] = (right[label] as number) + 1;
  }
  let [sum, weight] = [0, 0];
  for (const label of forgetLabels) {
    if (seen[label] === 0) continue;
    sum += (right[label] as number) / (seen[label] as number);
    weight += 1;
  }
  return sum / weight;
}
