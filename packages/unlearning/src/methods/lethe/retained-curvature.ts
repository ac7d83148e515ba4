import * as tf from '@tensorflow/tfjs';
import { applyBlocks } from '../../curvature/apply-blocks.ts';
import {
  type CarriedCurvature,
  carriedBlocks,
  withMeasured,
} from '../../curvature/carried-curvature.ts';
import { dampedBlocks } from '../../curvature/damped-blocks.ts';
import { dampedInverse } from '../../curvature/damped-inverse.ts';
import { type KroneckerBlock, kroneckerBlocks } from '../../curvature/kronecker-block.ts';
import { affineLayers } from '../../network/affine-layers.ts';
import type { RoundWork } from '../round-work.ts';

/** What is known of how weights bear on samples in general. */
export interface RetainedCurvature {
  /** M⁻¹, layer by layer; the caller's to dispose. */
  readonly inverse: KroneckerBlock[];
  /** M (θ⁰ − θ_served): [parameters], the caller's to dispose; 0 in a first round. Only where it is asked for. */
  readonly wayBack: tf.Tensor1D | undefined;
  /** For the ledger. */
  readonly carried: CarriedCurvature;
}

/**
 * The Gauss–Newton matrix M of the logits: ½ Δᵀ M Δ is half the mean squared change of logits under
 * a small step Δ. Steps multiplied by its inverse take most off the loss for what they change
 * elsewhere.
 *
 * It is measured at the served network, on samples as they are: what is mixed, tinted or turned
 * says less of what others look like (decision 0155). What earlier rounds measured is in it.
 *
 * E[v vᵀ] = I for random signs v, so that one pass with s = v · z measures all logits at once.
 *
 * @param samples row-major [n, …sampleShape], preprocessed
 * @param decay γ: what is left of an earlier round after one more
 */
export async function retainedCurvature(
  { network, forget, served, original, random, meter, ledger }: RoundWork,
  samples: Float32Array,
  { decay, wantsWayBack }: { readonly decay: number; readonly wantsWayBack: boolean },
): Promise<RetainedCurvature> {
  const count = samples.length / network.sampleSize;
  const chance = random.fork('curvature');
  const signs = Float32Array.from({ length: count * network.network.classCount }, () =>
    chance.chance(0.5) ? 1 : -1,
  );
  meter.training += count;
  const layers = affineLayers(network);
  const theta = tf.tensor1d(served);
  const input = network.tensorOf(samples);
  let measured: KroneckerBlock[] = [];
  let blocks: KroneckerBlock[] = [];
  try {
    measured = kroneckerBlocks(network, theta, input, (z) =>
      z.mul(tf.tensor(signs, z.shape)).sum(),
    );
    const carried = await withMeasured(layers, ledger.curvature, measured, {
      samples: forget.labels.length,
      decay,
    });
    blocks = carriedBlocks(layers, carried, measured);
    const wayBack = wantsWayBack
      ? tf.tidy(() => {
          const back = tf.sub<tf.Tensor1D>(tf.tensor1d(original), theta);
          return applyBlocks(dampedBlocks(blocks, damping), back);
        })
      : undefined;
    return { inverse: await dampedInverse(blocks, damping), wayBack, carried };
  } finally {
    tf.dispose([theta, input, ...[...measured, ...blocks].flatMap(({ a, g }) => [a, g])]);
  }
}

/** δ, a share of the mean of each factor's diagonal. */
const damping = 0.03;
