import * as tf from '@tensorflow/tfjs';

/** softmax(z / T): what a student is asked to keep. */
export function softTargets(logits: tf.Tensor2D, temperature: number): tf.Tensor2D {
  return tf.softmax(logits.div(temperature));
}

/**
 * T² · mean KL(p ‖ softmax(z / T)) up to the entropy of p, which has no gradient
 * (Hinton, Vinyals and Dean 2015). T² keeps gradients of the same size for every T.
 *
 * @param logits [n, classes] of the student
 * @param targets [n, classes] probabilities at the same temperature
 */
export function distillationLoss(
  logits: tf.Tensor2D,
  targets: tf.Tensor2D,
  temperature: number,
): tf.Scalar {
  return targets
    .mul(tf.logSoftmax(logits.div(temperature)))
    .sum(1)
    .mean()
    .mul(-temperature * temperature);
}
