import * as tf from '@tensorflow/tfjs';
import { applyBlocks } from '../../curvature/apply-blocks.ts';
import { dampedBlocks } from '../../curvature/damped-blocks.ts';
import { dampedInverse } from '../../curvature/damped-inverse.ts';
import { type KroneckerBlock, kroneckerBlocks } from '../../curvature/kronecker-block.ts';
import type { RoundWork } from '../round-work.ts';
import { fillRetainBatch, type RetainSource } from './retention.ts';

/** What is known of how weights bear on samples that are retained; all is the caller's to dispose. */
export interface RetainedCurvature {
  /** M⁻¹, layer by layer. */
  readonly inverse: KroneckerBlock[];
  /** M (θ⁰ − θ_served): [parameters]; 0 in a first round. Only where it is asked for. */
  readonly wayBack: tf.Tensor1D | undefined;
}

/**
 * The Gauss–Newton matrix M of the logits on samples that are retained, at the served network:
 * ½ Δᵀ M Δ is half the mean squared change of their logits under a small step Δ. Steps multiplied
 * by its inverse go where the forget set differs from what is retained.
 *
 * E[v vᵀ] = I for random signs v, so that one pass with s = v · z measures all logits at once.
 *
 * @param count samples that are looked at
 */
export async function retainedCurvature(
  { network, served, original, random, meter }: RoundWork,
  source: RetainSource,
  count: number,
  wantsWayBack: boolean,
): Promise<RetainedCurvature> {
  const samples = new Float32Array(count * network.sampleSize);
  fillRetainBatch(samples, network, source);
  const chance = random.fork('curvature');
  const signs = Float32Array.from({ length: count * network.network.classCount }, () =>
    chance.chance(0.5) ? 1 : -1,
  );
  meter.training += count;
  const theta = tf.tensor1d(served);
  const input = network.tensorOf(samples);
  const blocks = kroneckerBlocks(network, theta, input, (z) =>
    z.mul(tf.tensor(signs, z.shape)).sum(),
  );
  try {
    const wayBack = wantsWayBack
      ? tf.tidy(() => {
          const back = tf.sub<tf.Tensor1D>(tf.tensor1d(original), theta);
          return applyBlocks(dampedBlocks(blocks, damping), back);
        })
      : undefined;
    return { inverse: await dampedInverse(blocks, damping), wayBack };
  } finally {
    tf.dispose([theta, input, ...blocks.flatMap(({ a, g }) => [a, g])]);
  }
}

/** δ, a share of the mean of each factor's diagonal. */
const damping = 0.03;
