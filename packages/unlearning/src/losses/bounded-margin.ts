import * as tf from '@tensorflow/tfjs';
import type { LeadBand } from './lead-band.ts';

/**
 * Mean distance of leads from a band: pushes those below it, leads back those beyond it and leaves
 * the others alone, unlike a negated cross-entropy, which has no end.
 *
 * @param leads [n]
 * @param samples [n] indices of the forget samples that have them
 */
export function boundedMarginLoss(
  leads: tf.Tensor1D,
  samples: Int32Array,
  { margins, slack }: LeadBand,
): tf.Scalar {
  const least = tf.tensor1d(Float32Array.from(samples, (sample) => margins[sample] as number));
  const beyond = leads.sub<tf.Tensor1D>(least);
  return tf
    .relu(beyond.neg())
    .add(tf.relu(beyond.sub(slack)))
    .mean();
}
