import type * as tf from '@tensorflow/tfjs';

/** Network input = (x · scale − mean) / std, per channel of the last axis; x as the data set reads it. */
export interface Preprocessing {
  readonly scale: number;
  /** One per channel, or one for all. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/**
 * A network as a function from samples as read (pixels in [0, 1]) to logits.
 * `model` ends in logits: a final softmax or sigmoid has been taken off when it was loaded.
 */
export interface Classifier {
  readonly model: tf.LayersModel;
  readonly preprocessing: Preprocessing;
  /** Shape of one sample, without the batch axis. */
  readonly sampleShape: readonly number[];
  readonly classCount: number;
}
