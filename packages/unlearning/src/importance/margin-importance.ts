import * as tf from '@tensorflow/tfjs';
import { poolInputFacing } from '../ledger/pool-input-facing.ts';
import { marginTensor } from '../losses/margin.ts';
import { inputFacingWeights } from '../network/input-facing.ts';
import type { NetworkFunction } from '../network/network-function.ts';
import { sumOverSamples } from './sum-over-samples.ts';

/**
 * F_t of a round: Σ over its samples of (∂m_i/∂θ)² at the weights it ended with, where m_i is the
 * margin that was moved. ½ Σ_j F_j Δ_j² is then half the squared change of those margins under a
 * small step Δ, taken weight by weight. Input-facing weights are pooled per unit.
 *
 * @param input row-major [n, …sampleShape], preprocessed
 * @param labels [n] labels whose margins were moved
 */
export async function marginImportance(
  network: NetworkFunction,
  theta: tf.Tensor1D,
  input: Float32Array,
  labels: Int32Array,
  before: (sample: number) => Promise<void>,
): Promise<Float32Array> {
  const values = await sumOverSamples(network, theta, input, {
    scalar: (logits, sample) => marginTensor(logits, labels.slice(sample, sample + 1)).asScalar(),
    of: (gradient) => tf.square(gradient),
    before,
  });
  poolInputFacing(values, network.segments, inputFacingWeights(network.network.model));
  return values;
}
