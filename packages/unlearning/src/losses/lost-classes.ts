import * as tf from '@tensorflow/tfjs';

/** A class that the network is to have lost as a whole. */
export interface LostClass {
  readonly label: number;
  /** The label that its samples are given, one that is not lost; where there is none, any other. */
  readonly instead: number | undefined;
}

/**
 * Logits as a network would have them that does not know some classes: those are as unlikely as
 * the least likely of the others, or, where one other is left, not to be thought of. Where another
 * label is given instead, it has the greater of both logits. What is said of the others stays as
 * it is.
 *
 * @param logits [n, classes]
 * @param lost fewer than there are classes
 * @returns [n, classes]; `logits` itself where nothing is lost
 */
export function withoutClasses(logits: tf.Tensor2D, lost: readonly LostClass[]): tf.Tensor2D {
  if (lost.length === 0) return logits;
  const merged = lost.reduce(withInstead, logits);
  const { shape } = logits;
  const labels = lost.map(({ label }) => label);
  const where = lostMask(shape[1], labels).toBool().broadcastTo<tf.Rank.R2>(shape);
  const others = tf.where(where, tf.fill(shape, far) as tf.Tensor2D, merged);
  const least = others.min(1, true).sub<tf.Tensor2D>(shape[1] - lost.length === 1 ? far : 0);
  return tf.where(where, least.broadcastTo<tf.Rank.R2>(shape), merged);
}

/** The label that is given instead, with the greater of both logits. */
function withInstead(logits: tf.Tensor2D, { label, instead }: LostClass): tf.Tensor2D {
  if (instead === undefined) return logits;
  const [n, classes] = logits.shape;
  const own = logits.slice([0, label], [n, 1]);
  const where = lostMask(classes, [instead]).toBool().broadcastTo<tf.Rank.R2>(logits.shape);
  return tf.where(where, tf.maximum(logits, own), logits);
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
