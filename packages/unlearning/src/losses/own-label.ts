import * as tf from '@tensorflow/tfjs';

/**
 * 1 at each row's own label, else 0.
 *
 * @param logits [n, classes], for their width
 * @param labels [n]
 * @returns [n, classes]
 */
export function ownLabel(logits: tf.Tensor2D, labels: Int32Array): tf.Tensor2D {
  return tf.oneHot(tf.tensor1d(labels, 'int32'), logits.shape[1]).toFloat() as tf.Tensor2D;
}

/**
 * Logits with that of each row's own label so far below that it is never the greatest, and that
 * neither softmax(z / T) nor its gradient sees it.
 *
 * @param logits [n, classes]
 * @param own [n, classes] as `ownLabel` has it
 * @returns [n, classes]
 */
export function withoutOwn(logits: tf.Tensor2D, own: tf.Tensor2D): tf.Tensor2D {
  return logits.sub(own.mul(farBelow));
}

/** Farther than any logit, and small enough that 0 times its quotient by T is 0. */
const farBelow = 1e9;
