import * as tf from '@tensorflow/tfjs';
import type { NetworkFunction } from '../network/network-function.ts';
import { sumOverSamples } from './sum-over-samples.ts';

/** What of a sample's logits its importance is the gradient of. */
export type OutputNorm =
  /** ‖z‖₂, as L2UL's authors have it. */
  | 'norm'
  /** ‖z‖₂², as loss-free SSD has it. */
  | 'squared norm';

/**
 * Importance in the manner of memory-aware synapses (Aljundi et al. 2018, eq. 3): the absolute
 * gradient of the norm of a sample's logits, summed over samples.
 *
 * @param input [n, …sampleShape], preprocessed
 */
export async function outputImportance(
  network: NetworkFunction,
  theta: tf.Tensor1D,
  input: Float32Array,
  norm: OutputNorm,
  before: (sample: number) => Promise<void>,
): Promise<Float32Array> {
  return await sumOverSamples(network, theta, input, {
    scalar: (logits) => {
      const squared = logits.square().sum<tf.Scalar>();
      return norm === 'norm' ? squared.sqrt() : squared;
    },
    of: (gradient) => tf.abs(gradient),
    before,
  });
}
