import { openBackend } from '@lethe/compute';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { Random } from './random.ts';
import type { RoundInput } from './round.ts';
import { runRound } from './run-round.ts';

beforeAll(() => openBackend({ prefer: 'js' }));

/** A convolutional network with batch norm, a frozen layer, and pictures of noise. */
function pictureRound(changes: Partial<RoundInput> = {}): RoundInput {
  const kernelInitializer = tf.initializers.heNormal({ seed: 1 });
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({
        inputShape: [8, 8, 3],
        filters: 4,
        kernelSize: 3,
        activation: 'relu',
        kernelInitializer,
      }),
      tf.layers.batchNormalization(),
      tf.layers.conv2d({ filters: 4, kernelSize: 1, trainable: false, kernelInitializer }),
      tf.layers.globalAveragePooling2d({}),
      tf.layers.dense({ units: 3, kernelInitializer }),
    ],
  });
  const weights = model.getWeights().map((weight) => weight.dataSync<'float32'>().slice());
  const random = new Random(4);
  const values = Float32Array.from({ length: 4 * 8 * 8 * 3 }, () => random.uniform());
  const preprocessing = { scale: 1, mean: [0.4, 0.5, 0.6], std: [0.2, 0.25, 0.3] };
  const network = { model, sampleShape: [8, 8, 3], classCount: 3, isImage: true, preprocessing };
  const input = tf.tensor(
    values.map((value, i) => (value - preprocessing.mean[i % 3]!) / preprocessing.std[i % 3]!),
    [4, 8, 8, 3],
  );
  const labels = Int32Array.from((model.predict(input) as tf.Tensor).argMax(1).dataSync());
  return {
    network,
    weights,
    originalWeights: weights,
    state: undefined,
    forget: { values, labels },
    mode: 'misclassify',
    method: 'lethe',
    settings: { retainBatch: 8, repairSteps: 2, stepLimit: 200 },
    heldOut: undefined,
    seed: 1,
    ...changes,
  };
}

it('forgets pictures, preprocessed channel by channel', async () => {
  const { metrics, outcome } = await runRound(pictureRound());
  expect(metrics.forgetAccuracyBefore).toBe(1);
  expect(outcome).toBe('forgotten');
});

it.each([
  ['lethe', { steps: 'adam', retainBatch: 8, repairSteps: 1, stepLimit: 3 }],
  ['l2ul', { perturbations: 2, attackIterations: 3, maxSteps: 3 }],
])('leaves frozen weights and batch statistics alone with %s', async (method, settings) => {
  const round = pictureRound({ method, settings });
  const { weights } = await runRound(round);
  const { model } = round.network;
  const frozen = model.weights.flatMap((weight, i) =>
    model.trainableWeights.includes(weight) ? [] : [i],
  );
  expect(frozen).toHaveLength(4);
  for (const [i, values] of weights.entries()) {
    if (frozen.includes(i)) expect(values).toEqual(round.weights[i]);
    else expect(values).not.toEqual(round.weights[i]);
  }
});
