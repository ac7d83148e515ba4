import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { installAveragePoolGradient } from './average-pool-gradient.ts';
import { openBackend } from './open-backend.ts';

beforeAll(async () => {
  await openBackend({ prefer: 'js' });
  // As a process does that tries one backend after another.
  installAveragePoolGradient();
});

it.each([
  { size: 2, strides: 2, pad: 'same', shape: [1, 7, 8, 2] },
  { size: 3, strides: 1, pad: 'same', shape: [2, 5, 4, 1] },
  { size: 3, strides: 2, pad: 'same', shape: [1, 8, 7, 1] },
  { size: 2, strides: 2, pad: 1, shape: [1, 6, 6, 1] },
  { size: 2, strides: 2, pad: 'valid', shape: [1, 7, 8, 2] },
] as const)(
  'shares the gradient among the pixels that were averaged: $size, stride $strides, $pad',
  (one) => {
    const { size, strides, pad, shape } = one;
    const pool = (x: tf.Tensor) => tf.avgPool(x as tf.Tensor4D, size, strides, pad);
    const weights = tf.randomNormal(pool(tf.zeros([...shape])).shape, 0, 1, 'float32', 1);
    const sum = (x: tf.Tensor) => pool(x).mul(weights).sum();
    const gradient = tf
      .grad(sum)(tf.zeros([...shape]))
      .dataSync();
    // Linear: what one pixel alone adds is the gradient there.
    const alone = Array.from(gradient, (_, i) => {
      const pixel = tf.oneHot(i, gradient.length).reshape([...shape]);
      return sum(pixel.toFloat()).dataSync()[0] as number;
    });
    for (const [i, expected] of alone.entries()) expect(gradient[i]).toBeCloseTo(expected, 5);
  },
);
