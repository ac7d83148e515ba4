import * as tf from '@tensorflow/tfjs';

/** Rows wider than this get a diagonal: its square would take 4 MiB and a second to invert. */
export const widestFactor = 1024;
/** Most values of rows at a time, 64 MiB, unless a single sample has more. */
const mostValues = 2 ** 24;

/**
 * Σ x xᵀ over rows, or Σ x² where they are wide, a few samples at a time.
 *
 * @param tensors each [n, …]
 * @param rowsOf [rows, width] of a part of the samples
 */
export function secondMoments(
  tensors: readonly tf.Tensor[],
  rowsOf: (samples: tf.Tensor) => tf.Tensor2D,
): { readonly sum: tf.Tensor2D | tf.Tensor1D; readonly rows: number } {
  let rows = 0;
  const sum = tf.tidy(() => {
    let total: tf.Tensor | undefined;
    for (const tensor of tensors) {
      const n = tensor.shape[0] as number;
      const [one, width] = tf.tidy(() => rowsOf(tensor.slice(0, 1)).shape);
      rows += n * one;
      const chunk = Math.max(1, Math.floor(mostValues / (one * width)));
      for (let from = 0; from < n; from += chunk) {
        const part = tf.tidy(() => {
          const x = rowsOf(tensor.slice(from, Math.min(chunk, n - from)));
          const more = width > widestFactor ? x.square().sum(0) : tf.matMul(x, x, true);
          return total === undefined ? more : total.add(more);
        });
        total?.dispose();
        total = part;
      }
    }
    return total as tf.Tensor2D | tf.Tensor1D;
  });
  return { sum, rows };
}
