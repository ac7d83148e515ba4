/** The engine on networks it was never tuned on: each forgets, and keeps most of what it knew. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openBackend } from '@lethe/compute';
import { type Dataset, openDataset } from '@lethe/datasets';
import { type Classifier, classifierOf, importKeras, logits, toLogits } from '@lethe/models';
import {
  accuracy,
  type LabelledSamples,
  type Mode,
  Random,
  type RoundInput,
  type RoundResult,
  runRound,
} from '@lethe/unlearning';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';

const dataDir = process.env['LETHE_DATA_DIR'] ?? '../shared/data';

beforeAll(() => openBackend({ prefer: 'wasm' }));

interface Subject {
  readonly classifier: Classifier;
  readonly isImage: boolean;
  readonly train: LabelledSamples;
  readonly heldOut: LabelledSamples;
  readonly test: LabelledSamples;
}

const { conv2d, dense, depthwiseConv2d, flatten, globalAveragePooling2d, batchNormalization } =
  tf.layers;
const seeded = (seed: number) => ({ kernelInitializer: tf.initializers.heNormal({ seed }) });

/** Pictures of a bright blob whose place is the class, with much noise. */
function blobs(count: number, random: Random): LabelledSamples {
  const labels = Int32Array.from({ length: count }, (_, i) => i % 4);
  const values = Float32Array.from({ length: count * 144 }, (_, i) => {
    const label = labels[Math.floor(i / 144)] as number;
    const [x, y] = [Math.floor(i / 12) % 12, i % 12];
    const [cx, cy] = [label < 2 ? 3 : 8, label % 2 === 0 ? 3 : 8];
    const light = 0.5 * Math.exp(-((x - cx) ** 2 + (y - cy) ** 2) / 6);
    return Math.min(1, Math.max(0, 0.25 + light + 0.25 * random.normal()));
  });
  return { values, labels };
}

/** Gaussian clouds around random centres. */
function clouds(count: number, classes: number, spread: number, random: Random): LabelledSamples {
  const centres = new Random(99);
  const middle = Float32Array.from({ length: classes * 16 }, () => centres.normal());
  const labels = Int32Array.from({ length: count }, (_, i) => i % classes);
  const values = Float32Array.from({ length: count * 16 }, (_, i) => {
    const label = labels[Math.floor(i / 16)] as number;
    return (middle[label * 16 + (i % 16)] as number) + spread * random.normal();
  });
  return { values, labels };
}

async function trained(
  layers: tf.layers.Layer[],
  draw: (count: number, random: Random) => LabelledSamples,
  { count = 240, epochs = 30, isImage = false, classes = 4 } = {},
): Promise<Subject> {
  const random = new Random(5);
  const [train, heldOut, test] = [draw(count, random), draw(200, random), draw(400, random)];
  const model = tf.sequential({ layers });
  await teach(model, train, classes, epochs);
  return { classifier: classifierOf(model), isImage, train, heldOut, test };
}

/** By hand, in batches of sixty: `model.fit` shuffles with a chance of its own. */
async function teach(
  model: tf.LayersModel,
  { values, labels }: LabelledSamples,
  classes: number,
  epochs: number,
): Promise<void> {
  const optimizer = tf.train.adam(0.005);
  const shape = model.inputs[0]?.shape.slice(1) as number[];
  const size = values.length / labels.length;
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (let from = 0; from < labels.length; from += 60) {
      const y = labels.subarray(from, from + 60);
      const part = values.subarray(from * size, (from + y.length) * size);
      optimizer.minimize(() => {
        const x = tf.tensor(part, [y.length, ...shape]);
        const z = model.apply(x, { training: true }) as tf.Tensor2D;
        const target = tf.oneHot(tf.tensor1d(y, 'int32'), classes);
        return tf.losses.softmaxCrossEntropy(target, z);
      });
    }
  }
  optimizer.dispose();
}

async function forget(
  { classifier, isImage, train, heldOut }: Subject,
  mode: Mode,
  k: number,
  settings: RoundInput['settings'],
): Promise<RoundResult> {
  const size = train.values.length / train.labels.length;
  const weights = classifier.model.getWeights().map((w) => w.dataSync<'float32'>().slice());
  return runRound({
    network: { ...classifier, isImage },
    weights,
    originalWeights: weights,
    state: undefined,
    forget: { values: train.values.slice(0, k * size), labels: train.labels.slice(0, k) },
    mode,
    method: 'lethe',
    settings,
    heldOut,
    seed: 1,
  });
}

async function accuracyOf({ classifier, test }: Subject, weights?: readonly Float32Array[]) {
  const { model, classCount } = classifier;
  const lent = model.getWeights().map((weight) => weight.clone());
  if (weights !== undefined) {
    model.setWeights(lent.map(({ shape }, i) => tf.tensor(weights[i] ?? [], shape)));
  }
  const output = await logits(classifier, test.values, test.labels.length);
  model.setWeights(lent);
  tf.dispose(lent);
  return accuracy(output, test.labels, classCount);
}

async function expectToForget(
  subject: Subject,
  k: number,
  loss: number,
  settings: RoundInput['settings'] = {},
): Promise<void> {
  const before = await accuracyOf(subject);
  const wrong = await forget(subject, 'misclassify', k, settings);
  expect(wrong.outcome).toBe('forgotten');
  expect(wrong.metrics.forgetAccuracyAfter).toBe(0);
  expect(await accuracyOf(subject, wrong.weights)).toBeGreaterThan(before - loss);
  const unseen = await forget(subject, 'untrain', k, settings);
  expect(['forgotten', 'already_forgotten']).toContain(unseen.outcome);
  expect(await accuracyOf(subject, unseen.weights)).toBeGreaterThan(before - loss);
}

const image = { inputShape: [12, 12, 1] };
const relu = { activation: 'relu' } as const;

describe('a small network forgets', () => {
  it('with plain convolutions', async () => {
    const layers = [
      conv2d({ ...image, filters: 8, kernelSize: 3, strides: 2, ...relu, ...seeded(1) }),
      conv2d({ filters: 16, kernelSize: 3, ...relu, ...seeded(2) }),
      flatten(),
      dense({ units: 4, ...seeded(3) }),
    ];
    await expectToForget(await trained(layers, blobs, { isImage: true }), 6, 0.06);
  });

  it('with batch normalisation that is not folded', async () => {
    const layers = [
      conv2d({ ...image, filters: 8, kernelSize: 3, strides: 2, ...seeded(1) }),
      batchNormalization(),
      tf.layers.reLU(),
      flatten(),
      dense({ units: 24, ...relu, ...seeded(2) }),
      dense({ units: 4, ...seeded(3) }),
    ];
    await expectToForget(await trained(layers, blobs, { isImage: true }), 6, 0.06);
  });

  it('with depthwise convolutions', async () => {
    const layers = [
      conv2d({ ...image, filters: 8, kernelSize: 3, strides: 2, ...relu, ...seeded(1) }),
      depthwiseConv2d({
        kernelSize: 3,
        depthMultiplier: 2,
        ...relu,
        depthwiseInitializer: tf.initializers.heNormal({ seed: 2 }),
      }),
      conv2d({ filters: 16, kernelSize: 1, ...relu, ...seeded(3) }),
      flatten(),
      dense({ units: 4, ...seeded(4) }),
    ];
    await expectToForget(await trained(layers, blobs, { isImage: true }), 6, 0.06);
  });

  it('with global pooling and no dense layer but the last', async () => {
    const layers = [
      conv2d({ ...image, filters: 16, kernelSize: 5, strides: 2, ...relu, ...seeded(1) }),
      conv2d({ filters: 24, kernelSize: 4, ...relu, ...seeded(2) }),
      globalAveragePooling2d({}),
      dense({ units: 4, ...seeded(3) }),
    ];
    await expectToForget(await trained(layers, blobs, { isImage: true }), 6, 0.06);
  });

  it('of vectors, with a hundred classes', async () => {
    const layers = [
      dense({ units: 64, inputShape: [16], ...relu, ...seeded(1) }),
      dense({ units: 100, ...seeded(2) }),
    ];
    const draw = (count: number, random: Random) => clouds(count, 100, 0.45, random);
    const options = { count: 600, epochs: 60, classes: 100 };
    await expectToForget(await trained(layers, draw, options), 6, 0.06);
  });

  it('with one sigmoid unit for two classes', async () => {
    const random = new Random(5);
    const draw = (count: number) => clouds(count, 2, 1.8, random);
    const [train, heldOut, test] = [draw(160), draw(200), draw(400)];
    const model = tf.sequential({
      layers: [
        dense({ units: 48, inputShape: [16], ...relu, ...seeded(1) }),
        dense({ units: 1, activation: 'sigmoid', ...seeded(2) }),
      ],
    });
    const optimizer = tf.train.adam(0.01);
    const [x, y] = [tf.tensor(train.values, [160, 16]), tf.tensor(train.labels, [160, 1])];
    for (let step = 0; step < 150; step++) {
      optimizer.minimize(() =>
        tf.losses.logLoss(y, model.apply(x, { training: true }) as tf.Tensor),
      );
    }
    tf.dispose([x, y]);
    optimizer.dispose();
    const classifier = classifierOf(await toLogits(model));
    await expectToForget({ classifier, isImage: false, train, heldOut, test }, 6, 0.06);
  });
});

async function part(dataset: Dataset, from: number, count: number): Promise<LabelledSamples> {
  return dataset.read(Array.from({ length: count }, (_, i) => from + i));
}

describe.skipIf(!existsSync(join(dataDir, 'mnist')))(
  'on MNIST (skipped without LETHE_DATA_DIR)',
  () => {
    async function mnist(layers: tf.layers.Layer[], epochs: number): Promise<Subject> {
      const path = dataDir;
      const open = (split: 'train' | 'test') =>
        openDataset({ kind: 'mnist-idx', path, split, options: {} });
      await using trainSet = await open('train');
      await using testSet = await open('test');
      const train = await part(trainSet, 0, 1200);
      const model = tf.sequential({ layers });
      await teach(model, train, 10, epochs);
      const [heldOut, test] = [await part(testSet, 0, 400), await part(testSet, 400, 800)];
      return { classifier: classifierOf(model), isImage: true, train, heldOut, test };
    }

    it('an MLP forgets', async () => {
      const layers = [
        flatten({ inputShape: [28, 28, 1] }),
        dense({ units: 48, ...relu, ...seeded(1) }),
        dense({ units: 10, ...seeded(2) }),
      ];
      await expectToForget(await mnist(layers, 6), 8, 0.06);
    });

    it('a convolutional network forgets', async () => {
      const layers = [
        conv2d({
          inputShape: [28, 28, 1],
          filters: 8,
          kernelSize: 5,
          strides: 2,
          ...relu,
          ...seeded(1),
        }),
        conv2d({ filters: 16, kernelSize: 3, strides: 2, ...relu, ...seeded(2) }),
        flatten(),
        dense({ units: 10, ...seeded(3) }),
      ];
      await expectToForget(await mnist(layers, 6), 8, 0.06);
    });
  },
);

const keras = join(dataDir, 'weights/mlperf_tiny_resnet8.h5');

describe.skipIf(!existsSync(keras))('on CIFAR-10 (skipped without LETHE_DATA_DIR)', () => {
  it('a Keras ResNet-8 with its batch normalisation forgets', async () => {
    const path = join(dataDir, 'cifar-10-batches-bin');
    const open = (split: 'train' | 'test') =>
      openDataset({ kind: 'cifar10-binary', path, split, options: {} });
    await using trainSet = await open('train');
    await using testSet = await open('test');
    const classifier = await importKeras(keras, {
      preprocessing: { scale: 255, mean: [0], std: [1] },
    });
    const train = await part(trainSet, 0, 8);
    const [heldOut, test] = [await part(testSet, 0, 100), await part(testSet, 100, 200)];
    await expectToForget({ classifier, isImage: true, train, heldOut, test }, 4, 0.06, {
      retainBatch: 32,
      repairSteps: 10,
    });
  }, 600_000);
});
