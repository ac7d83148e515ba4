import type * as tf from '@tensorflow/tfjs';
import type { LeadBand } from '../losses/lead-band.ts';

/** What a round works towards: pure judgements of logits, and the loss that leads there. */
export interface Goal {
  /**
   * How far each sample is from its goal, in logits; 0 where it is there.
   *
   * @param logits row-major [n, classes] of all forget samples, or of those in `samples`
   * @param samples indices of the forget samples that the rows stand for
   */
  distances(logits: Float32Array, samples?: Int32Array): Float32Array;
  /** Is the round's goal met, given the distances of all forget samples? */
  isReached(distances: Float32Array): boolean;
  /**
   * Mean loss over a batch; its gradient vanishes for samples that are where they should be.
   *
   * @param logits [n, classes]
   * @param samples [n] indices of the forget samples in the batch
   * @param band leads at which a wrong or relabelled sample is left alone; not used where the
   *   goal is itself a margin
   * @param copies how many of the last rows are of moved copies of their samples; 0 when not given
   */
  loss(logits: tf.Tensor2D, samples: Int32Array, band: LeadBand, copies?: number): tf.Scalar;
  /**
   * Lead of what each sample is to be given over what it is not to be given, in logits: what the
   * band is about. Absent where the loss never leaves a sample alone.
   *
   * @param logits row-major [n, classes] of all forget samples, or of those in `samples`
   * @param samples indices of the forget samples that the rows stand for
   */
  readonly leads?: (logits: Float32Array, samples?: Int32Array) => Float32Array;
  /** [k] the label whose margin this goal moves: what importance is measured on. */
  readonly labels: Int32Array;
}
