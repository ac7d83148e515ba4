import { openBackend } from '@lethe/compute';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { augmentedCopies } from './images/augmented-copies.ts';
import { margins } from './measures/margins.ts';
import { NetworkFunction } from './network/network-function.ts';
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

/** Two classes of pictures of noise, told apart by which half is brighter, or by how bright all is. */
function halvesRound(which: 'half' | 'all', settings: RoundInput['settings']): RoundInput {
  const model = tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [8, 8, 1] }),
      tf.layers.dense({
        units: 6,
        activation: 'relu',
        kernelInitializer: tf.initializers.heNormal({ seed: 2 }),
      }),
      tf.layers.dense({ units: 2, kernelInitializer: tf.initializers.heNormal({ seed: 3 }) }),
    ],
  });
  const random = new Random(7);
  const labels = Int32Array.from({ length: 120 }, (_, i) => i % 2);
  const values = Float32Array.from({ length: 120 * 64 }, (_, at) => {
    const isLeft = at % 8 < 4;
    const isBright = labels[Math.floor(at / 64)] === (which === 'all' || isLeft ? 1 : 0);
    return random.uniform() + (isBright ? 0.6 : 0);
  });
  const x = tf.tensor(values.slice(0, 40 * 64), [40, 8, 8, 1]);
  const y = tf.oneHot(tf.tensor1d(labels.slice(0, 40), 'int32'), 2);
  const optimizer = tf.train.adam(0.02);
  for (let step = 0; step < 150; step++) {
    optimizer.minimize(() => tf.losses.softmaxCrossEntropy(y, model.apply(x) as tf.Tensor2D));
  }
  const weights = model.getWeights().map((weight) => weight.dataSync<'float32'>().slice());
  return {
    network: {
      model,
      sampleShape: [8, 8, 1],
      classCount: 2,
      isImage: true,
      preprocessing: { scale: 1, mean: [0], std: [1] },
    },
    weights,
    originalWeights: weights,
    state: undefined,
    forget: { values: values.slice(0, 4 * 64), labels: labels.slice(0, 4) },
    mode: 'untrain',
    method: 'lethe',
    settings: { retainBatch: 16, ...settings },
    heldOut: { values: values.slice(40 * 64), labels: labels.slice(40) },
    seed: 1,
  };
}

/** Mean margin of the mirrored pictures that a round forgets. */
async function mirroredMargin(round: RoundInput, weights: readonly Float32Array[]) {
  using f = new NetworkFunction(round.network, weights);
  const theta = tf.tensor1d(f.flatten(weights));
  const mirrored = augmentedCopies(round.forget.values, [8, 8, 1], 'mirrored');
  const of = margins(await f.evaluate(theta, mirrored), round.forget.labels, 2);
  theta.dispose();
  return of.reduce((sum, margin) => sum + margin, 0) / of.length;
}

it('forgets mirrored copies too, of pictures that are known mirrored', async () => {
  const [both, alone] = [
    await runRound(halvesRound('all', {})),
    await runRound(halvesRound('all', { mirrored: false })),
  ];
  expect(both.outcome).toBe('forgotten');
  expect(both.weights).not.toEqual(alone.weights);
  const round = halvesRound('all', {});
  const marginOf = (weights: readonly Float32Array[]) => mirroredMargin(round, weights);
  const [known, led] = [await marginOf(round.weights), await marginOf(both.weights)];
  expect(led).toBeLessThan(known - 1);
  expect(led).toBeLessThan((await marginOf(alone.weights)) - 0.5);
});

it('leaves mirrored copies alone that the network takes for something else', async () => {
  const [both, alone] = [
    await runRound(halvesRound('half', {})),
    await runRound(halvesRound('half', { mirrored: false })),
  ];
  expect(both.outcome).toBe('forgotten');
  expect(both.weights).toEqual(alone.weights);
  const round = halvesRound('half', {});
  // Some are among the copies that a step is shown: they are not taught the label either.
  const marginBefore = await mirroredMargin(round, round.weights);
  expect(marginBefore).toBeLessThan(0);
  expect(await mirroredMargin(round, both.weights)).toBeLessThanOrEqual(marginBefore);
});
