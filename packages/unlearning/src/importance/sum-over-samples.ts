import * as tf from '@tensorflow/tfjs';
import type { NetworkFunction } from '../network/network-function.ts';

/** What is added up per sample. */
export interface PerSample {
  /** The number whose gradient is taken, from the sample's logits [1, classes]. */
  readonly scalar: (logits: tf.Tensor2D, sample: number) => tf.Scalar;
  /** What of the gradient counts: its square, its absolute value. */
  readonly of: (gradient: tf.Tensor1D) => tf.Tensor1D;
  /** Called before each sample; may throw to stop. */
  readonly before: (sample: number) => Promise<void>;
}

/**
 * Sum over samples of a function of each sample's own gradient, in evaluation mode. One pass per
 * sample: the gradient of a batch's mean would let samples cancel, and depend on the batching.
 *
 * @param input row-major [n, …sampleShape], preprocessed
 * @returns [parameters]
 */
export async function sumOverSamples(
  network: NetworkFunction,
  theta: tf.Tensor1D,
  input: Float32Array,
  perSample: PerSample,
): Promise<Float32Array> {
  const size = network.sampleSize;
  let sum: tf.Tensor1D = tf.zeros([network.parameterCount]);
  try {
    for (let sample = 0; sample * size < input.length; sample++) {
      await perSample.before(sample);
      const next = tf.tidy(() => {
        const x = network.tensorOf(input.subarray(sample * size, (sample + 1) * size));
        const { gradient } = network.gradient(theta, x, (z) => perSample.scalar(z, sample));
        return sum.add<tf.Tensor1D>(perSample.of(gradient));
      });
      sum.dispose();
      sum = next;
    }
    return (await sum.data<'float32'>()).slice();
  } finally {
    sum.dispose();
  }
}
