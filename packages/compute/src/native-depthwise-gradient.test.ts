import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { depthwiseFilterGradient } from './native-depthwise-gradient.ts';
import { openBackend } from './open-backend.ts';

beforeAll(() => openBackend({ prefer: 'js' }));

const cases = [
  { strides: 1, pad: 'same', image: [2, 6, 7, 4], filterShape: [3, 3, 4, 1] },
  { strides: 2, pad: 'same', image: [2, 7, 6, 3], filterShape: [3, 3, 3, 1] },
  { strides: 2, pad: 'same', image: [1, 8, 8, 3], filterShape: [2, 3, 3, 2] },
  { strides: 2, pad: 'valid', image: [2, 8, 8, 3], filterShape: [3, 3, 3, 2] },
] as const;

it.each(cases)('is the gradient of stride $strides, $pad, filter $filterShape', (one) => {
  const { strides, pad } = one;
  const x = tf.randomNormal<tf.Rank.R4>([...one.image], 0, 1, 'float32', 1);
  const filter = tf.randomNormal<tf.Rank.R4>([...one.filterShape], 0, 1, 'float32', 2);
  const convolve = (f: tf.Tensor4D) => tf.depthwiseConv2d(x, f, strides, pad);
  const dy = tf.randomNormal<tf.Rank.R4>(convolve(filter).shape, 0, 1, 'float32', 3);
  const expected = tf.grad((f) =>
    convolve(f as tf.Tensor4D)
      .mul(dy)
      .sum(),
  )(filter);
  const filterShape = [...one.filterShape] as [number, number, number, number];
  const actual = depthwiseFilterGradient(x, dy, { strides, pad, dilations: 1, filterShape });
  expect(actual.shape).toEqual(expected.shape);
  expect(actual.sub(expected).abs().max().dataSync()[0]).toBeLessThan(1e-4);
});
