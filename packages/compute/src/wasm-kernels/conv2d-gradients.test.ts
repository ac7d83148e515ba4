import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { openBackend } from '../open-backend.ts';
import { differenceFromJs } from '../testing/js-oracle.ts';

beforeAll(async () => {
  await openBackend({ prefer: 'wasm' });
});

type Pad = 'same' | 'valid' | number;

/** A convolution and both its gradients, for a random upstream gradient. */
function gradients(
  size: [number, number],
  kernel: [number, number],
  strides: number,
  pad: Pad,
  [ci, co]: [number, number] = [3, 5],
) {
  const x = tf.randomNormal<tf.Rank.R4>([2, ...size, ci], 0, 1, 'float32', 1);
  const filter = tf.randomNormal<tf.Rank.R4>([...kernel, ci, co], 0, 1, 'float32', 2);
  const y = tf.conv2d(x, filter, strides, pad);
  const dy = tf.randomNormal<tf.Rank.R4>(y.shape, 0, 1, 'float32', 3);
  const [dx, dFilter] = tf.grads((a: tf.Tensor, b: tf.Tensor) =>
    tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, strides, pad),
  )([x, filter], dy);
  return [y, dx!, dFilter!];
}

describe('a convolution and its gradients in WebAssembly', () => {
  for (const kernel of [1, 2, 3, 5]) {
    for (const strides of [1, 2, 3]) {
      for (const pad of ['same', 'valid'] as const) {
        it(`agree with the pure JavaScript ones: ${kernel}×${kernel}, stride ${strides}, ${pad}, sizes 5 to 9`, async () => {
          for (const size of [5, 6, 7, 8, 9]) {
            const difference = await differenceFromJs('wasm', () =>
              gradients([size, size + 1], [kernel, kernel], strides, pad),
            );
            expect(difference).toBeLessThan(1e-5);
          }
        });
      }
    }
  }

  it.each([1, 2, 4, 7, 8, 12, 19])('agree for %i channels in and out', async (channels) => {
    for (const others of [3, 4, 8, 13, 16]) {
      for (const strides of [1, 2]) {
        expect(
          await differenceFromJs('wasm', () =>
            gradients([7, 9], [3, 3], strides, 'same', [channels, others]),
          ),
        ).toBeLessThan(1e-5);
      }
    }
  });

  it('agree when many pixels are summed up', async () => {
    const difference = await differenceFromJs('wasm', () =>
      gradients([40, 41], [3, 3], 1, 'same', [4, 8]),
    );
    expect(difference).toBeLessThan(1e-5);
  });

  it('agree for kernels that are not square', async () => {
    expect(await differenceFromJs('wasm', () => gradients([9, 7], [1, 3], 2, 'same'))).toBeLessThan(
      1e-5,
    );
    expect(
      await differenceFromJs('wasm', () => gradients([9, 7], [5, 2], 1, 'valid')),
    ).toBeLessThan(1e-5);
  });

  it('agree for explicit padding, even wider than the kernel', async () => {
    expect(await differenceFromJs('wasm', () => gradients([6, 6], [3, 3], 2, 1))).toBeLessThan(
      1e-5,
    );
    expect(await differenceFromJs('wasm', () => gradients([6, 6], [1, 1], 1, 2))).toBeLessThan(
      1e-5,
    );
  });

  it.each(['linear', 'relu', 'relu6', 'elu'] as const)(
    'agree with a bias and %s',
    async (activation) => {
      for (const channels of [5, 16]) {
        const difference = await differenceFromJs('wasm', () => {
          const x = tf.randomNormal<tf.Rank.R4>([2, 7, 6, 4], 0, 1, 'float32', 1);
          const filter = tf.randomNormal<tf.Rank.R4>([3, 3, 4, channels], 0, 1, 'float32', 2);
          const bias = tf.randomNormal<tf.Rank.R1>([channels], 0, 1, 'float32', 3);
          return [tf.fused.conv2d({ x, filter, strides: 2, pad: 'same', bias, activation })];
        });
        expect(difference).toBeLessThan(1e-5);
      }
    },
  );

  it('leave dilated convolutions to the stock kernel', async () => {
    const difference = await differenceFromJs('wasm', () => {
      const x = tf.randomNormal<tf.Rank.R4>([2, 9, 9, 4], 0, 1, 'float32', 1);
      const filter = tf.randomNormal<tf.Rank.R4>([3, 3, 4, 8], 0, 1, 'float32', 2);
      return [tf.conv2d(x, filter, 1, 'same', 'NHWC', 2)];
    });
    expect(difference).toBeLessThan(1e-5);
  });

  it('leave nothing behind', async () => {
    await tf.setBackend('wasm');
    const run = () => tf.tidy(() => void gradients([8, 8], [3, 3], 2, 'same'));
    run();
    const before = [tf.memory().numTensors, tf.backend().numDataIds()];
    run();
    expect([tf.memory().numTensors, tf.backend().numDataIds()]).toEqual(before);
  });

  it('are refused for channels first, by name', () => {
    const x = tf.ones<tf.Rank.R4>([1, 3, 4, 4]);
    const gradient = () =>
      tf.backend() &&
      tf
        .engine()
        .runKernel(
          'Conv2DBackpropFilter',
          { x, dy: x },
          { strides: 1, pad: 'same', dataFormat: 'NCHW', filterShape: [1, 1, 3, 3] },
        );
    expect(gradient).toThrow(/dataFormat = "NCHW".*channelsLast/);
  });
});
