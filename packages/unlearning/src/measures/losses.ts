/**
 * Cross-entropy −log softmax(z)_y of each sample, in nats.
 *
 * @param logits row-major [n, classCount]
 */
export function losses(logits: Float32Array, labels: Int32Array, classCount: number): Float64Array {
  return Float64Array.from(labels, (label, i) => {
    const row = logits.subarray(i * classCount, (i + 1) * classCount);
    const top = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    const sum = row.reduce((total, z) => total + Math.exp(z - top), 0);
    return Math.log(sum) + top - (row[label] as number);
  });
}
