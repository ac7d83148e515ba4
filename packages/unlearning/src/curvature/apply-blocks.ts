import * as tf from '@tensorflow/tfjs';
import type { KroneckerBlock, KroneckerFactor } from './kronecker-block.ts';

/**
 * A block matrix times a vector: A V G layer by layer, where V is [inputs, outputs] with the row of
 * the bias last; 0 for weights that have no block.
 *
 * @param vector [parameters]
 * @returns [parameters]
 */
export function applyBlocks(blocks: readonly KroneckerBlock[], vector: tf.Tensor1D): tf.Tensor1D {
  return tf.tidy(() => {
    const pieces = blocks.flatMap(({ layer, a, g }) => {
      const { kernel, bias, inputs, outputs } = layer;
      const part = (from: number, rows: number) =>
        vector.slice(from, rows * outputs).reshape<tf.Tensor2D>([rows, outputs]);
      const rows = bias === undefined ? [] : [part(bias.from, 1)];
      const product = timesRight(
        timesLeft(a, tf.concat2d([part(kernel.from, inputs), ...rows], 0)),
        g,
      );
      const whole = [{ from: kernel.from, values: product.slice(0, inputs).flatten() }];
      if (bias === undefined) return whole;
      return [...whole, { from: bias.from, values: product.slice(inputs, 1).flatten() }];
    });
    return assembled(pieces, vector.shape[0]);
  });
}

function timesLeft(factor: KroneckerFactor, matrix: tf.Tensor2D): tf.Tensor2D {
  if (factor.rank === 1) return factor.expandDims(1).mul(matrix);
  return tf.matMul(factor as tf.Tensor2D, matrix);
}

function timesRight(matrix: tf.Tensor2D, factor: KroneckerFactor): tf.Tensor2D {
  if (factor.rank === 1) return matrix.mul(factor);
  return tf.matMul(matrix, factor as tf.Tensor2D);
}

/** Pieces at their places in a vector of the given length, 0 in between. */
function assembled(
  pieces: readonly { readonly from: number; readonly values: tf.Tensor1D }[],
  length: number,
): tf.Tensor1D {
  const parts: tf.Tensor1D[] = [];
  let end = 0;
  for (const { from, values } of pieces.toSorted((p, q) => p.from - q.from)) {
    if (from > end) parts.push(tf.zeros([from - end]));
    parts.push(values);
    end = from + values.shape[0];
  }
  if (length > end) parts.push(tf.zeros([length - end]));
  return tf.concat1d(parts);
}
