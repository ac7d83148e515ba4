import * as tf from '@tensorflow/tfjs';
import type { LeadBand } from '../../losses/lead-band.ts';
import type { RoundWork } from '../round-work.ts';
import type { LetheSettings } from './lethe-settings.ts';

/**
 * How far each forget sample is to be led: a margin for all, and a share of how far the original
 * network was from the goal. What it knew best is what later rounds bring back first
 * (decision 0168).
 */
export async function leadBandFor(
  { network, goal, forget, original, meter }: RoundWork,
  { margin, marginShare, slack }: LetheSettings,
): Promise<LeadBand> {
  const k = forget.labels.length;
  const margins = new Float32Array(k).fill(margin);
  if (goal.leads === undefined || marginShare === 0) return { margins, slack };
  meter.forward += k;
  const theta = tf.tensor1d(original);
  try {
    const leads = goal.leads(await network.evaluate(theta, forget.input));
    return {
      margins: margins.map((m, i) => m + marginShare * Math.max(0, -(leads[i] as number))),
      slack,
    };
  } finally {
    theta.dispose();
  }
}
