import * as tf from '@tensorflow/tfjs';

/**
 * Logits without that of each row's own label, which is put so far below the others that neither
 * softmax(z / T) nor its gradient sees it: what distillation then holds is how a network tells the
 * other labels apart (the non-target part of Zhao et al., *Decoupled Knowledge Distillation*, CVPR
 * 2022, equation 7).
 *
 * @param logits [n, classes]
 * @param labels [n]
 * @returns [n, classes]
 */
export function nonTargetLogits(logits: tf.Tensor2D, labels: Int32Array): tf.Tensor2D {
  const own = tf.oneHot(tf.tensor1d(labels, 'int32'), logits.shape[1]).toFloat();
  return logits.sub(own.mul(farBelow));
}

/** Farther than any logit, and small enough that 0 times its quotient by T is 0. */
const farBelow = 1e9;
