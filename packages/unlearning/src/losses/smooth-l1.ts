import type * as tf from '@tensorflow/tfjs';

/**
 * Mean of d²/2 where |d| < 1 and |d| − ½ elsewhere (Girshick 2015, eq. 3).
 *
 * @param differences [n]
 */
export function smoothL1Loss(differences: tf.Tensor1D): tf.Scalar {
  const size = differences.abs();
  const inner = size.minimum(1);
  return inner.square().mul(0.5).add(size.sub(inner)).mean();
}
