import * as tf from '@tensorflow/tfjs';
import { ownLabel, withoutOwn } from './own-label.ts';

/**
 * z_y − max_{j≠y} z_j of each row: [n].
 *
 * @param lost labels that are no answer, and so are never the other one
 */
export function marginTensor(
  logits: tf.Tensor2D,
  labels: Int32Array,
  lost: readonly number[] = [],
): tf.Tensor1D {
  const own = ownLabel(logits, labels);
  const others = withoutOwn(logits, lost.length === 0 ? own : withLost(own, lost)).max(1);
  return logits.mul(own).sum(1).sub(others) as tf.Tensor1D;
}

function withLost(own: tf.Tensor2D, lost: readonly number[]): tf.Tensor2D {
  const where = Float32Array.from({ length: own.shape[1] }, (_, label) =>
    lost.includes(label) ? 1 : 0,
  );
  return tf.maximum(own, tf.tensor2d(where, [1, where.length]));
}
