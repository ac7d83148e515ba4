/**
 * Margin of each sample: the logit of its label less the greatest other one. Positive exactly
 * when the network gives the sample that label.
 *
 * @param logits row-major [n, classCount]
 * @param lost labels that are no answer, and so are never the other one
 */
export function margins(
  logits: Float32Array,
  labels: Int32Array,
  classCount: number,
  lost: readonly number[] = [],
): Float32Array {
  return Float32Array.from(labels, (label, i) => {
    let other = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < classCount; c++) {
      if (c === label || lost.includes(c)) continue;
      other = Math.max(other, logits[i * classCount + c] ?? Number.NaN);
    }
    return (logits[i * classCount + label] ?? Number.NaN) - other;
  });
}
