import * as tf from '@tensorflow/tfjs';
import type { LeadBand } from './lead-band.ts';

/**
 * Mean distance of leads from a band: pushes those below it, leads back those beyond it and leaves
 * the others alone, unlike a negated cross-entropy, which has no end.
 *
 * @param leads [n]
 */
export function boundedMarginLoss(leads: tf.Tensor1D, { margin, slack }: LeadBand): tf.Scalar {
  const short = tf.relu(tf.sub(margin, leads));
  return short.add(tf.relu(leads.sub(margin + slack))).mean();
}
