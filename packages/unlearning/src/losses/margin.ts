import * as tf from '@tensorflow/tfjs';

/** z_y − max_{j≠y} z_j of each row: [n]. */
export function marginTensor(logits: tf.Tensor2D, labels: Int32Array): tf.Tensor1D {
  const own = tf.oneHot(tf.tensor1d(labels, 'int32'), logits.shape[1]).toFloat() as tf.Tensor2D;
  const others = logits.sub(own.mul(farBelow)).max(1);
  return logits.mul(own).sum(1).sub(others) as tf.Tensor1D;
}

/** Taken off a label's own logit, so that it is never the greatest of the others. */
const farBelow = 1e9;
