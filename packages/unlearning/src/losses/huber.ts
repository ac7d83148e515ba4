import type * as tf from '@tensorflow/tfjs';

/**
 * Mean of d²/2 where |d| < δ and δ (|d| − δ/2) elsewhere (Huber 1964, eq. 4.2): what is far pulls
 * no harder than what is δ away.
 *
 * @param differences [n]
 * @param delta δ, in the unit of the differences, above 0
 */
export function huberLoss(differences: tf.Tensor1D, delta: number): tf.Scalar {
  const size = differences.abs();
  const inner = size.minimum(delta);
  return inner.square().mul(0.5).add(size.sub(inner).mul(delta)).mean();
}
