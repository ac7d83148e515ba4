import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { openJsBackend } from './js-backend.ts';
import { openBackend } from './open-backend.ts';

const shapes = [[2, 7, 8, 5], [5], [5], [5], [5]] as const;

/** Value and gradients of batch normalisation for inputs far from zero. */
function batchNormWithGradients(): Float32Array[] {
  const [x, mean, variance, offset, scale] = shapes.map((shape, i) =>
    tf.randomUniform([...shape], 1, 3, 'float32', i + 1),
  ) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
  const f = (...[a, b, c, d, e]: tf.Tensor[]) =>
    tf.batchNorm(
      a as tf.Tensor4D,
      b as tf.Tensor1D,
      c as tf.Tensor1D,
      d as tf.Tensor1D,
      e as tf.Tensor1D,
      0.01,
    );
  const inputs = [x, mean, variance, offset, scale];
  const dy = tf.randomNormal([...shapes[0]], 0, 1, 'float32', 9);
  return [f(...inputs), ...tf.grads(f)(inputs, dy)].map(
    (tensor) => tensor.dataSync() as Float32Array,
  );
}

describe('batch normalisation with fixed statistics', () => {
  let stock: Float32Array[];

  beforeAll(async () => {
    await openJsBackend();
    stock = batchNormWithGradients();
    await openBackend({ prefer: 'wasm' });
  });

  it.each([
    ['wasm', 'value', 0],
    ['wasm', 'gradient in x', 1],
    ['wasm', 'gradient in the mean', 2],
    ['wasm', 'gradient in the variance', 3],
    ['wasm', 'gradient in the offset', 4],
    ['wasm', 'gradient in the scale', 5],
    ['cpu', 'gradient in x', 1],
    ['cpu', 'gradient in the mean', 2],
    ['cpu', 'gradient in the variance', 3],
    ['cpu', 'gradient in the scale', 5],
  ] as const)('has the stock %s %s', async (backend, _, index) => {
    await tf.setBackend(backend);
    const ours = batchNormWithGradients()[index]!;
    const largest = Math.max(...stock[index]!.map(Math.abs));
    for (const [i, value] of ours.entries()) {
      expect(Math.abs(value - stock[index]![i]!) / largest).toBeLessThan(1e-5);
    }
  });
});
