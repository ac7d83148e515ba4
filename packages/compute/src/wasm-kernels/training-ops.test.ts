import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { openBackend } from '../open-backend.ts';
import { differenceFromJs } from '../testing/js-oracle.ts';
import { trainingOps, valueAndGradients } from '../testing/training-ops.ts';

beforeAll(async () => {
  await openBackend({ prefer: 'wasm' });
});

describe('gradients of a depthwise convolution in WebAssembly', () => {
  for (const kernel of [1, 3, 5]) {
    for (const strides of [1, 2]) {
      for (const pad of ['same', 'valid'] as const) {
        for (const [channels, multiplier] of [
          [3, 1],
          [11, 1],
          [3, 2],
        ] as const) {
          it(`agree with the pure JavaScript ones: ${kernel}×${kernel}, stride ${strides}, ${pad}, ${channels} channels, multiplier ${multiplier}`, async () => {
            for (const size of [6, 7]) {
              const difference = await differenceFromJs('wasm', () =>
                valueAndGradients(
                  (x, filter) =>
                    tf.depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, strides, pad),
                  [2, size, size + 1, channels],
                  [kernel, kernel, channels, multiplier],
                ),
              );
              expect(difference).toBeLessThan(1e-5);
            }
          });
        }
      }
    }
  }
});

describe('an operation in WebAssembly agrees with pure JavaScript, as does its gradient:', () => {
  it.each(Object.entries(trainingOps))('%s', async (_, compute) => {
    expect(await differenceFromJs('wasm', compute)).toBeLessThan(1e-5);
  });
});

it('leaves what a gather does not name without a gradient', async () => {
  await tf.setBackend('wasm');
  const gradient = tf.grad((x) => tf.gather(x, tf.tensor1d([4, 0, 4, 2], 'int32')))(
    tf.ones([5, 1]),
  );
  expect(Array.from(gradient.dataSync())).toEqual([1, 0, 1, 0, 2]);
});

it('gives an identity that outlives the tensor it was made of', async () => {
  await tf.setBackend('wasm');
  const x = tf.tensor1d([1, 2, 3]);
  const copy = tf.clone(x);
  x.dispose();
  tf.ones([3]).mul(7).dataSync();
  expect(Array.from(copy.dataSync())).toEqual([1, 2, 3]);
});
