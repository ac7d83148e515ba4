import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { foldBatchNorm } from './fold-batch-norm.ts';

beforeAll(() => tf.setBackend('cpu'));
afterEach(() => tf.disposeVariables());

const conv = (options: Partial<Parameters<typeof tf.layers.conv2d>[0]> = {}) =>
  tf.layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same', ...options });
const norm = (options = {}) => tf.layers.batchNormalization(options);

/** Random weights; variances stay positive. */
function randomize(model: tf.LayersModel, seed: number): void {
  model.setWeights(
    model.weights.map(({ shape, originalName }, index) =>
      originalName.endsWith('moving_variance')
        ? tf.randomUniform(shape as number[], 0.2, 3, 'float32', seed + index)
        : tf.randomNormal(shape as number[], 0.1, 0.5, 'float32', seed + index),
    ),
  );
}

async function expectSameFunction(model: tf.LayersModel, folded: tf.LayersModel): Promise<void> {
  const x = tf.randomNormal(
    [3, ...(model.inputs[0]!.shape.slice(1) as number[])],
    0,
    1,
    'float32',
    9,
  );
  const [expected, actual] = await Promise.all(
    [model, folded].map((each) => (each.predict(x) as tf.Tensor).data()),
  );
  expect(Math.max(...expected!.map(Math.abs))).toBeGreaterThan(0.1);
  const difference = Math.max(...expected!.map((value, i) => Math.abs(value - actual![i]!)));
  expect(difference).toBeLessThan(1e-4);
}

const normCount = (model: tf.LayersModel) =>
  model.layers.filter((layer) => layer.getClassName() === 'BatchNormalization').length;

describe('folding batch normalisation', () => {
  it.each([1, 2, 3])('keeps the logits of a Sequential network (seed %i)', async (seed) => {
    const model = tf.sequential({
      layers: [
        conv({ inputShape: [6, 6, 3], useBias: false }),
        norm(),
        norm(),
        tf.layers.reLU(),
        tf.layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2 }),
        norm({ scale: false }),
        tf.layers.reLU(),
        tf.layers.flatten(),
        tf.layers.dense({ units: 5 }),
        norm({ center: false, axis: 1 }),
        tf.layers.dense({ units: 3 }),
        norm({ center: false, scale: false, epsilon: 1e-5 }),
      ],
    });
    randomize(model, seed);
    const folded = await foldBatchNorm(model);
    expect(normCount(folded)).toBe(0);
    await expectSameFunction(model, folded);
  });

  it.each([1, 2, 3])('keeps the logits of a residual network (seed %i)', async (seed) => {
    const input = tf.input({ shape: [6, 6, 3] });
    const stem = norm().apply(conv().apply(input)) as tf.SymbolicTensor;
    const branch = norm({ axis: 3 }).apply(
      conv({ useBias: false }).apply(stem),
    ) as tf.SymbolicTensor;
    const sum = tf.layers.reLU().apply(tf.layers.add().apply([stem, branch]));
    const pooled = tf.layers.globalAveragePooling2d({}).apply(sum);
    const output = tf.layers.dense({ units: 3 }).apply(pooled) as tf.SymbolicTensor;
    const model = tf.model({ inputs: input, outputs: output });
    randomize(model, seed);
    const folded = await foldBatchNorm(model);
    expect(normCount(folded)).toBe(0);
    await expectSameFunction(model, folded);
  });

  it('leaves a normalisation whose input has another reader, an activation, or other trainability', async () => {
    const input = tf.input({ shape: [4, 4, 2] });
    const shared = conv({ filters: 2 }).apply(input) as tf.SymbolicTensor;
    const sum = tf.layers.add().apply([shared, norm().apply(shared) as tf.SymbolicTensor]);
    const active = norm().apply(conv({ activation: 'relu' }).apply(sum));
    const frozen = norm().apply(conv({ trainable: false }).apply(active));
    const first = norm().apply(norm().apply(frozen));
    const model = tf.model({
      inputs: input,
      outputs: tf.layers.flatten().apply(first) as tf.SymbolicTensor,
    });
    randomize(model, 5);
    const folded = await foldBatchNorm(model);
    expect(normCount(folded)).toBe(5);
    await expectSameFunction(model, folded);
  });

  it('leaves a normalisation over another axis than the channels', async () => {
    const model = tf.sequential({
      layers: [conv({ inputShape: [4, 4, 2], filters: 4 }), norm({ axis: 1 }), tf.layers.flatten()],
    });
    randomize(model, 7);
    const folded = await foldBatchNorm(model);
    expect(normCount(folded)).toBe(1);
    await expectSameFunction(model, folded);
  });

  it('leaves a layer that is called twice, and folds around it', async () => {
    const input = tf.input({ shape: [4, 4, 2] });
    const twice = conv({ filters: 2, name: 'twice' });
    const first = norm().apply(twice.apply(input));
    const second = norm().apply(twice.apply(first));
    const last = norm().apply(conv().apply(second));
    const model = tf.model({
      inputs: input,
      outputs: tf.layers.flatten().apply(last) as tf.SymbolicTensor,
    });
    randomize(model, 6);
    const folded = await foldBatchNorm(model);
    expect(normCount(folded)).toBe(2);
    await expectSameFunction(model, folded);
  });

  it('leaves no tensor behind but the new model', async () => {
    const model = tf.sequential({ layers: [conv({ inputShape: [4, 4, 1] }), norm()] });
    const before = tf.memory().numTensors;
    const folded = await foldBatchNorm(model);
    expect(tf.memory().numTensors).toBe(before + folded.weights.length);
    folded.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
