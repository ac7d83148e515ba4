import { openBackend } from '@lethe/compute';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { leastStep } from './least-step.ts';

beforeAll(() => openBackend({ prefer: 'js' }));

/** From (0, 0) to (8, 8), where each sample lacks what its weight lacks. */
async function least(wanted: number[], end = [8, 8]): Promise<number[]> {
  const start = tf.zeros<tf.Rank.R1>([2]);
  const tensors = tf.memory().numTensors;
  const to = tf.tensor1d(end);
  const found = await leastStep(start, to, async (at) => {
    const values = await at.data<'float32'>();
    return Float32Array.from(wanted, (value, i) => value - (values[i] as number));
  });
  const result = [...(await found.data<'float32'>())];
  tf.dispose([to, found]);
  expect(tf.memory().numTensors).toBe(tensors);
  start.dispose();
  return result;
}

describe('the least step', () => {
  it('goes as far as the slowest sample has to', async () => {
    expect(await least([1, 4])).toEqual([4, 4]);
    expect(await least([3.1, 1])).toEqual([3.125, 3.125]);
  });

  it('asks of nobody to be farther than at the end', async () => {
    expect(await least([1, 20])).toEqual([8, 8]);
    expect(await least([1, 1], [8, 0.5])).toEqual([8, 0.5]);
  });

  it('is next to nothing where nothing is lacking', async () => {
    expect(await least([0, 0])).toEqual([0.125, 0.125]);
  });
});
