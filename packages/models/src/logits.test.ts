import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Classifier, classifierOf } from './classifier.ts';
import { logits, predictedClasses, preprocess } from './logits.ts';

beforeAll(() => tf.setBackend('cpu'));

/** Two features to three classes: [a, b] → [a, b, a + b]. */
function sum(preprocessing = { scale: 1, mean: [0], std: [1] }): Classifier {
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 3, inputShape: [2], useBias: false })],
  });
  model.setWeights([tf.tensor2d([1, 0, 1, 0, 1, 1], [2, 3])]);
  return classifierOf(model, preprocessing);
}

const samples = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);

describe('logits', () => {
  it.each([1, 2, 3, 5, 256])('are the same in batches of %i', async (batch) => {
    const expected = [1, 2, 3, 3, 4, 7, 5, 6, 11, 7, 8, 15, 9, 10, 19];
    expect([...(await logits(sum(), samples, 5, { batch }))]).toEqual(expected);
  });

  it('see samples as (x · scale − mean) / std', async () => {
    const classifier = sum({ scale: 10, mean: [4, 8], std: [2, 4] });
    // (10 − 4)/2 = 3, (20 − 8)/4 = 3
    expect([...(await logits(classifier, Float32Array.of(1, 2), 1))]).toEqual([3, 3, 6]);
  });

  it('leave no tensor behind', async () => {
    const classifier = sum();
    const before = tf.memory().numTensors;
    await logits(classifier, samples, 5, { batch: 2 });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('of no samples are none', async () => {
    expect(await logits(sum(), new Float32Array(0), 0)).toHaveLength(0);
  });

  it('of samples of another size are refused', async () => {
    await expect(logits(sum(), samples, 4)).rejects.toThrow(/are not 4 samples of shape \[2\]/);
  });

  it('can be cancelled between batches', async () => {
    const signal = AbortSignal.abort();
    await expect(logits(sum(), samples, 5, { signal })).rejects.toMatchObject({
      code: 'cancelled',
    });
  });
});

describe('preprocessing', () => {
  it('goes by channel of the last axis, or by one value for all', () => {
    const pixels = Float32Array.of(0, 1, 2, 3);
    expect([...preprocess(pixels, { scale: 1, mean: [0, 1], std: [1, 2] }, 2)]).toEqual([
      0, 0, 2, 1,
    ]);
    expect([...preprocess(pixels, { scale: 2, mean: [1], std: [0.5] }, 2)]).toEqual([-2, 2, 6, 10]);
  });

  it.each([
    ['scale', { scale: Number.NaN, mean: [0], std: [1] }],
    ['mean', { scale: 1, mean: [0, 0, 0], std: [1] }],
    ['std', { scale: 1, mean: [0], std: [0] }],
  ])('is refused when %s does not fit', (field, preprocessing) => {
    expect(() => sum(preprocessing)).toThrow(new RegExp(`preprocessing\\.${field}`));
  });
});

describe('a predicted class', () => {
  it('is the place of the greatest logit, the first of equals', () => {
    expect([...predictedClasses(Float32Array.of(1, 3, 2, 5, 5, 4), 3)]).toEqual([1, 0]);
  });
});

describe('a classifier', () => {
  const input = (shape: (number | null)[]) => tf.input({ shape });
  const dense = (units: number, x: tf.SymbolicTensor) =>
    tf.layers.dense({ units }).apply(x) as tf.SymbolicTensor;

  it('has one input of fixed size and one output of at least two classes', () => {
    const a = input([4]);
    const b = input([4]);
    const open = input([null, 4]);
    const both = tf.layers.add().apply([a, b]) as tf.SymbolicTensor;
    for (const [model, message] of [
      [tf.model({ inputs: [a, b], outputs: dense(3, both) }), /one input and one output/],
      [tf.model({ inputs: a, outputs: [dense(3, a), dense(2, a)] }), /one input and one output/],
      [tf.model({ inputs: open, outputs: dense(3, open) }), /size of a sample is open/],
      [tf.model({ inputs: a, outputs: dense(1, a) }), /at least two classes/],
    ] as const) {
      expect(() => classifierOf(model)).toThrow(message);
    }
  });
});
