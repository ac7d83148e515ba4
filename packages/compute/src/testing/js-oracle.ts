import * as tf from '@tensorflow/tfjs';
import { openJsBackend } from '../js-backend.ts';

/**
 * For tests: the largest difference between a backend and tfjs's pure JavaScript kernels over the
 * results of `compute`, relative to the largest value of each. `compute` makes its own tensors
 * from seeds, and is run once on each backend. The named one is the engine's afterwards.
 *
 * @param backend as tfjs calls it
 */
export async function differenceFromJs(
  backend: string,
  compute: () => readonly tf.Tensor[],
): Promise<number> {
  await openJsBackend();
  const expected = await results(compute);
  await tf.setBackend(backend);
  const actual = await results(compute);
  return Math.max(...actual.map((result, i) => relativeDifference(result, expected[i])));
}

interface Result {
  readonly kind: string;
  readonly values: ArrayLike<number>;
}

/** Read one after the other: a GPU tells its values when it has them. */
async function results(compute: () => readonly tf.Tensor[]): Promise<Result[]> {
  const tensors = tf.tidy(() => [...compute()]);
  const described: Result[] = [];
  for (const tensor of tensors) {
    described.push({ kind: `${tensor.dtype} ${tensor.shape}`, values: await tensor.data() });
  }
  tf.dispose(tensors);
  return described;
}

function relativeDifference(actual: Result, expected: Result | undefined): number {
  if (actual.kind !== expected?.kind) return Infinity;
  let [difference, largest] = [0, 0];
  for (let i = 0; i < expected.values.length; i++) {
    const distance = Math.abs(actual.values[i]! - expected.values[i]!);
    if (Number.isNaN(distance)) return Infinity;
    difference = Math.max(difference, distance);
    largest = Math.max(largest, Math.abs(expected.values[i]!));
  }
  return largest === 0 ? difference : difference / largest;
}
