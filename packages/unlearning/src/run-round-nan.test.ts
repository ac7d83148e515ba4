import { openBackend } from '@lethe/compute';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { Random } from './random.ts';
import type { RoundInput } from './round.ts';
import { runRound } from './run-round.ts';

beforeAll(() => openBackend({ prefer: 'js' }));

/** √relu(x): finite, but its gradient is 0 · ∞ where x is not above 0. */
class RootLayer extends tf.layers.Layer {
  static className = 'RootLayer';
  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.sqrt(tf.relu(Array.isArray(inputs) ? (inputs[0] as tf.Tensor) : inputs));
  }
}

/** A round whose losses are finite and whose gradients are not. */
function roundWithoutGradients(): RoundInput {
  const seeded = (seed: number) => ({ kernelInitializer: tf.initializers.heNormal({ seed }) });
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 16, inputShape: [4], ...seeded(1) }),
      new RootLayer({}),
      tf.layers.dense({ units: 3, ...seeded(2) }),
    ],
  });
  const weights = model.getWeights().map((weight) => weight.dataSync<'float32'>().slice());
  const random = new Random(1);
  const samples = (n: number) => ({
    values: Float32Array.from({ length: 4 * n }, () => random.normal()),
    labels: Int32Array.from({ length: n }, (_, i) => i % 3),
  });
  return {
    network: {
      ...{ model, sampleShape: [4], classCount: 3, isImage: false },
      preprocessing: { scale: 1, mean: [0], std: [1] },
    },
    ...{ weights, originalWeights: weights, state: undefined },
    ...{ forget: samples(12), heldOut: undefined, retain: samples(24) },
    ...{ mode: 'misclassify', method: 'lethe', settings: {}, seed: 1 },
  };
}

it.each([
  ['lethe', {}],
  ['l2ul', { perturbations: 2, attackIterations: 2 }],
  ['adv', { perturbations: 2, attackIterations: 2 }],
  ['neggrad', {}],
  ['ssd', {}],
  ['finetune', {}],
])('%s says that it diverged when gradients are not numbers', async (method, settings) => {
  const round = roundWithoutGradients();
  const tensors = tf.memory().numTensors;
  const result = await runRound({ ...round, method, settings });
  expect(result.outcome).toBe('diverged');
  expect(result.weights).toEqual(round.weights);
  expect(tf.memory().numTensors).toBe(tensors);
});
