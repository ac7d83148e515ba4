import * as tf from '@tensorflow/tfjs';

/**
 * Mean of relu(m_i + width): pushes margins below −width and then stops pushing, unlike a
 * negated cross-entropy, which has no end.
 *
 * @param margins [n]
 */
export function boundedMarginLoss(margins: tf.Tensor1D, width: number): tf.Scalar {
  return tf.relu(margins.add(width)).mean();
}
