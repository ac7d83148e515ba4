import * as tf from '@tensorflow/tfjs';
import { openJsBackend } from '../js-backend.ts';

/**
 * For tests: the largest difference between the WebAssembly backend and tfjs's pure
 * JavaScript kernels over the results of `compute`, relative to the largest value of each.
 * `compute` makes its own tensors from seeds, and is run once on each backend.
 */
export async function differenceFromJs(compute: () => readonly tf.Tensor[]): Promise<number> {
  await openJsBackend();
  const expected = describeAll(compute);
  await tf.setBackend('wasm');
  const actual = describeAll(compute);
  return Math.max(...actual.map((result, i) => relativeDifference(result, expected[i]!)));
}

interface Result {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly values: ArrayLike<number>;
}

function describeAll(compute: () => readonly tf.Tensor[]): Result[] {
  let results: Result[] = [];
  tf.tidy(() => {
    results = compute().map(describe);
  });
  return results;
}

function describe(tensor: tf.Tensor): Result {
  return { shape: tensor.shape, dtype: tensor.dtype, values: tensor.dataSync() };
}

function relativeDifference(actual: Result, expected: Result): number {
  if (`${actual.shape}` !== `${expected.shape}` || actual.dtype !== expected.dtype) return Infinity;
  let difference = 0;
  let largest = 0;
  for (let i = 0; i < expected.values.length; i++) {
    const distance = Math.abs(actual.values[i]! - expected.values[i]!);
    if (Number.isNaN(distance)) return Infinity;
    difference = Math.max(difference, distance);
    largest = Math.max(largest, Math.abs(expected.values[i]!));
  }
  return largest === 0 ? difference : difference / largest;
}
