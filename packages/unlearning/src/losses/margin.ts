import type * as tf from '@tensorflow/tfjs';
import { ownLabel, withoutOwn } from './own-label.ts';

/** z_y − max_{j≠y} z_j of each row: [n]. */
export function marginTensor(logits: tf.Tensor2D, labels: Int32Array): tf.Tensor1D {
  const own = ownLabel(logits, labels);
  const others = withoutOwn(logits, own).max(1);
  return logits.mul(own).sum(1).sub(others) as tf.Tensor1D;
}
