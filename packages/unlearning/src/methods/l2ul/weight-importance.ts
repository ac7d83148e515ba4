import * as tf from '@tensorflow/tfjs';
import { sumOverSamples } from '../../ledger/sum-over-samples.ts';
import type { NetworkFunction, Segment } from '../../network/network-function.ts';

/**
 * Ω of memory-aware synapses (Aljundi et al. 2018, eq. 3) on the forget set: |∂‖logits‖₂/∂θ| of
 * each sample, summed over samples. Min-max normalised afterwards, so a sum does as well as a mean.
 *
 * @param input [n, …sampleShape], preprocessed
 */
export async function outputImportance(
  network: NetworkFunction,
  theta: tf.Tensor1D,
  input: Float32Array,
  before: (sample: number) => Promise<void>,
): Promise<Float32Array> {
  const sum = await sumOverSamples(network, theta, input, {
    scalar: (logits) => logits.square().sum<tf.Scalar>().sqrt(),
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
