import * as tf from '@tensorflow/tfjs';
import { sumOverSamples } from '../../ledger/sum-over-samples.ts';
import type { NetworkFunction, Segment } from '../../network/network-function.ts';

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
  const sum = await sumOverSamples(network, theta, input, {
    scalar: (logits) => {
      const squared = logits.square().sum<tf.Scalar>();
      return norm === 'norm' ? squared.sqrt() : squared;
    },
    of: (gradient) => tf.abs(gradient),
    before,
  });
  const values = (await sum.data<'float32'>()).slice();
  sum.dispose();
  return values;
}

/** Min-max normalised to 0 … 1 within each tensor; 0 where a tensor is constant. */
export function normalisePerTensor(
  values: Float32Array,
  segments: readonly Pick<Segment, 'from' | 'to'>[],
): Float32Array {
  const result = new Float32Array(values.length);
  for (const { from, to } of segments) {
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let i = from; i < to; i++) {
      low = Math.min(low, values[i] as number);
      high = Math.max(high, values[i] as number);
    }
    if (high <= low) continue;
    for (let i = from; i < to; i++) result[i] = ((values[i] as number) - low) / (high - low);
  }
  return result;
}
