import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { openBackend } from '../open-backend.ts';

it('refuses a tensor that no longer fits instead of writing over another one', async () => {
  await openBackend({ prefer: 'wasm' });
  const first = tf.tensor1d([1, 2, 3]);
  const halfGigabyte = { size: 2 ** 27, kept: [] as tf.Tensor[] };
  // An empty tensor takes room on the heap, but no memory until it is written to.
  const fill = () => {
    const backend = tf.backend() as tf.KernelBackend & {
      makeOutput(shape: number[], dtype: string): tf.TensorInfo;
    };
    const info = backend.makeOutput([halfGigabyte.size], 'float32');
    halfGigabyte.kept.push(tf.engine().makeTensorFromTensorInfo(info));
  };
  expect(() => {
    for (let i = 0; i < 10; i++) fill();
  }).toThrow(/537 MB more do not fit; use smaller batches/);
  expect(halfGigabyte.kept.length).toBeGreaterThan(3);
  expect(Array.from(first.dataSync())).toEqual([1, 2, 3]);

  tf.dispose(halfGigabyte.kept);
  expect(Array.from(tf.ones([1000]).mul(first.sum()).slice(0, 1).dataSync())).toEqual([6]);
});
