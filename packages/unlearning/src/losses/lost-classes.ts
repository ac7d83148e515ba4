import * as tf from '@tensorflow/tfjs';

/**
 * Logits as a network would have them that does not know some classes: those are as unlikely as
 * the least likely of the others, or, where one other is left, not to be thought of. What is said
 * of the others stays as it is.
 *
 * @param logits [n, classes]
 * @param lost fewer than there are classes
 * @returns [n, classes]; `logits` itself where nothing is lost
 */
export function withoutClasses(logits: tf.Tensor2D, lost: readonly number[]): tf.Tensor2D {
  if (lost.length === 0) return logits;
  const { shape } = logits;
  const where = lostMask(shape[1], lost).toBool().broadcastTo<tf.Rank.R2>(shape);
  const others = tf.where(where, tf.fill(shape, far) as tf.Tensor2D, logits);
  const least = others.min(1, true).sub<tf.Tensor2D>(shape[1] - lost.length === 1 ? far : 0);
  return tf.where(where, least.broadcastTo<tf.Rank.R2>(shape), logits);
}

/**
 * 1 at each lost class, else 0.
 *
 * @returns [1, classes]
 */
export function lostMask(classes: number, lost: readonly number[]): tf.Tensor2D {
  const mask = Float32Array.from({ length: classes }, (_, label) => (lost.includes(label) ? 1 : 0));
  return tf.tensor2d(mask, [1, classes]);
}

/** Farther than any logit, and small enough to be taken from one. */
const far = 1e9;
