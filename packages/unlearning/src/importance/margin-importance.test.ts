import { openBackend } from '@lethe/compute';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { poolInputFacing } from '../ledger/pool-input-facing.ts';
import { NetworkFunction } from '../network/network-function.ts';
import type { Network } from '../round.ts';
import { marginImportance } from './margin-importance.ts';

beforeAll(() => openBackend({ prefer: 'js' }));

const preprocessing = { scale: 1, mean: [0], std: [1] };

function network(...layers: tf.layers.Layer[]): Network {
  const model = tf.sequential({ layers });
  return { model, sampleShape: [2], classCount: 2, isImage: false, preprocessing };
}

/** z = x · A · B: identity, then identity. */
const twoLayers = () =>
  network(
    tf.layers.dense({ units: 2, useBias: false, inputShape: [2] }),
    tf.layers.dense({ units: 2, useBias: false }),
  );
const eye = Float32Array.of(1, 0, 0, 1);

async function importance(samples: number[], labels: number[]): Promise<number[]> {
  using f = new NetworkFunction(twoLayers(), [eye, eye]);
  const theta = tf.tensor1d(f.flatten([eye, eye]));
  const values = await marginImportance(
    f,
    theta,
    Float32Array.from(samples),
    Int32Array.from(labels),
    async () => undefined,
  );
  return [...values];
}

describe('importance of moved margins', () => {
  it('is the squared margin gradient, pooled per unit where weights face the input', async () => {
    // m = z_0 − z_1 at x = (3, 1). dm/dB = h (1, −1) → squares 9, 9, 1, 1.
    // dm/dA = x (1, −1): 9, 9, 1, 1, whose mean per output unit is 5, 5.
    expect(await importance([3, 1], [0])).toEqual([5, 5, 5, 5, 9, 9, 1, 1]);
  });

  it('adds up samples one by one: opposite gradients do not cancel', async () => {
    const both = await importance([3, 1, -3, -1], [0, 0]);
    expect(both).toEqual([10, 10, 10, 10, 18, 18, 2, 2]);
    // Swapping the label turns the margin round, not its square.
    expect(await importance([3, 1, 3, 1], [0, 1])).toEqual(both);
  });

  it('does not keep the sample: of its features only their mean square is left', async () => {
    const [a, b] = [await importance([3, 1], [0]), await importance([1, 3], [0])];
    expect(a.slice(0, 4)).toEqual(b.slice(0, 4));
  });

  it('frees what it used', async () => {
    const before = tf.memory().numTensors;
    const f = new NetworkFunction(twoLayers(), [eye, eye]);
    const theta = tf.tensor1d(f.flatten([eye, eye]));
    const held = tf.memory().numTensors;
    await marginImportance(
      f,
      theta,
      Float32Array.of(3, 1),
      Int32Array.of(0),
      async () => undefined,
    );
    expect(tf.memory().numTensors).toBe(held);
    const stopped = marginImportance(
      f,
      theta,
      Float32Array.of(3, 1),
      Int32Array.of(0),
      async () => {
        throw new Error('stopped');
      },
    );
    await expect(stopped).rejects.toThrow('stopped');
    expect(tf.memory().numTensors).toBe(held);
    expect(held).toBeGreaterThan(before);
  });
});

describe('pooling', () => {
  it('leaves weights that do not face the input alone', () => {
    const values = Float32Array.of(1, 2, 3, 4, 5, 6);
    const segments = [
      { name: 'facing', shape: [2, 2], from: 0, to: 4 },
      { name: 'behind', shape: [2], from: 4, to: 6 },
    ];
    poolInputFacing(values, segments, new Map([['facing', 'by unit']]));
    expect([...values]).toEqual([2, 3, 2, 3, 5, 6]);
  });

  it('leaves one number of weights that have a feature each', () => {
    const values = Float32Array.of(1, 2, 3, 6);
    const segments = [{ name: 'gamma', shape: [4], from: 0, to: 4 }];
    poolInputFacing(values, segments, new Map([['gamma', 'by feature']]));
    expect([...values]).toEqual([3, 3, 3, 3]);
  });
});
