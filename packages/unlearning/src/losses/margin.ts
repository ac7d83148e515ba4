import * as tf from '@tensorflow/tfjs';
import { lostMask } from './lost-classes.ts';
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
  const out = lost.length === 0 ? own : tf.maximum(own, lostMask(logits.shape[1], lost));
  const others = withoutOwn(logits, out as tf.Tensor2D).max(1);
  return logits.mul(own).sum(1).sub(others) as tf.Tensor1D;
}
