import * as tf from '@tensorflow/tfjs';

/** Mean of −log softmax(z)_y over the batch. */
export function crossEntropyLoss(logits: tf.Tensor2D, labels: Int32Array): tf.Scalar {
  const own = tf.oneHot(tf.tensor1d(labels, 'int32'), logits.shape[1]).toFloat();
  return tf.logSoftmax(logits).mul(own).sum(1).mean<tf.Scalar>().neg();
}
