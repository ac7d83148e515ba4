import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { toLogits } from './to-logits.ts';

beforeAll(() => tf.setBackend('cpu'));
afterEach(() => tf.disposeVariables());

const { activation, dense, softmax } = tf.layers;
const x = () => tf.randomNormal([5, 4], 0, 1, 'float32', 3);
const run = (model: tf.LayersModel) => model.predict(x()) as tf.Tensor2D;
const sequential = (...layers: tf.layers.Layer[]) =>
  tf.sequential({ layers: [dense({ units: 6, inputShape: [4], activation: 'relu' }), ...layers] });

async function expectClose(actual: tf.Tensor, expected: tf.Tensor): Promise<void> {
  expect(actual.shape).toEqual(expected.shape);
  const [a, b] = await Promise.all([actual.data(), expected.data()]);
  for (const [i, value] of a.entries()) expect(value).toBeCloseTo(b[i]!, 5);
}

describe('a network that ends in probabilities', () => {
  it.each([
    ['the activation of its last layer', [dense({ units: 3, activation: 'softmax' })]],
    ['an Activation layer', [dense({ units: 3 }), activation({ activation: 'softmax' })]],
    ['a Softmax layer', [dense({ units: 3 }), softmax()]],
  ])('ends in logits once the softmax, %s, is taken off', async (_, layers) => {
    const model = sequential(...layers);
    const logits = run(await toLogits(model));
    expect(logits.sum(1).arraySync()).not.toEqual(run(model).sum(1).arraySync());
    await expectClose(tf.softmax(logits), run(model));
  });

  it('works for functional networks', async () => {
    const input = tf.input({ shape: [4] });
    const output = softmax().apply(dense({ units: 3 }).apply(input)) as tf.SymbolicTensor;
    const model = tf.model({ inputs: input, outputs: output });
    const bare = await toLogits(model);
    expect(bare.layers.map((layer) => layer.getClassName())).toEqual(['InputLayer', 'Dense']);
    await expectClose(tf.softmax(run(bare)), run(model));
  });

  it('works where the last layer is a network of its own', async () => {
    const head = tf.sequential({
      layers: [dense({ units: 3, inputShape: [6], activation: 'softmax' })],
    });
    const model = sequential(head);
    await expectClose(tf.softmax(run(await toLogits(model))), run(model));
  });

  it('turns one sigmoid unit into two logits whose softmax is [1 − p, p]', async () => {
    for (const layers of [
      [dense({ units: 1, activation: 'sigmoid' })],
      [dense({ units: 1 }), activation({ activation: 'sigmoid' })],
    ]) {
      const model = sequential(...layers);
      const p = run(model);
      const bare = await toLogits(model);
      await expectClose(tf.softmax(run(bare)), tf.concat([tf.sub(1, p), p], 1) as tf.Tensor2D);
      expect(bare.layers.at(-1)!.trainable).toBe(false);
    }
  });

  it('turns several sigmoid units into their logits', async () => {
    const model = sequential(dense({ units: 3, activation: 'sigmoid' }));
    await expectClose(tf.sigmoid(run(await toLogits(model))), run(model));
  });
});

describe('a network that ends in logits', () => {
  it('stays the same function', async () => {
    const model = sequential(dense({ units: 3 }));
    await expectClose(run(await toLogits(model)), run(model));
  });

  it('is refused when it has one output and no sigmoid', async () => {
    await expect(toLogits(sequential(dense({ units: 1 })))).rejects.toThrow(
      /output shape = "\[null,1\]": one output without a sigmoid is not a classifier/,
    );
  });
});
