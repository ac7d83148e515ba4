import { openBackend } from '@lethe/compute';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { KroneckerBlock } from '../curvature/kronecker-block.ts';
import { affineLayers } from '../network/affine-layers.ts';
import { NetworkFunction } from '../network/network-function.ts';
import { adam } from './adam.ts';
import { momentumSgd } from './momentum-sgd.ts';
import { natural } from './natural.ts';
import type { Optimizer } from './optimizer.ts';

beforeAll(() => openBackend({ prefer: 'js' }));

/** Two steps from 1 with gradients 2 and −1 at rate 0.1. */
function twoSteps(optimizer: Optimizer): number[] {
  const first = optimizer.step(tf.tensor1d([1]), tf.tensor1d([2]), 0.1);
  const second = optimizer.step(first, tf.tensor1d([-1]), 0.1);
  return [first.dataSync()[0] as number, second.dataSync()[0] as number];
}

describe('Adam', () => {
  it('takes the steps of the paper', () => {
    // t = 1: m̂ = 2, v̂ = 4 → 1 − 0.1. t = 2: m = 0.9 · 0.2 − 0.1 = 0.08, m̂ = 0.08/0.19;
    // v = 0.999 · 0.004 + 0.001 = 0.004996, v̂ = 0.004996/0.001999.
    const [first, second] = twoSteps(adam(1));
    expect(first).toBeCloseTo(0.9, 6);
    expect(second).toBeCloseTo(0.9 - (0.1 * (0.08 / 0.19)) / Math.sqrt(0.004996 / 0.001999), 6);
  });
});

describe('SGD with momentum', () => {
  it('adds the decayed gradient to what is left of the velocity', () => {
    // v = 2 + 0.5 · 1 = 2.5 → 0.75; v = 0.9 · 2.5 − 1 + 0.5 · 0.75 = 1.625 → 0.5875.
    const [first, second] = twoSteps(momentumSgd(1, 0.9, 0.5));
    expect(first).toBeCloseTo(0.75, 6);
    expect(second).toBeCloseTo(0.5875, 6);
  });
});

/** A layer of three weights whose M⁻¹ is the diagonal (1, 2, 4). */
function threeWeights(): KroneckerBlock[] {
  const layer = tf.layers.dense({ units: 1, useBias: false, inputShape: [3] });
  const network = {
    model: tf.sequential({ layers: [layer] }),
    sampleShape: [3],
    classCount: 1,
    isImage: false,
    preprocessing: { scale: 1, mean: [0], std: [1] },
  };
  const f = new NetworkFunction(network, [Float32Array.of(0, 0, 0)]);
  const [affine] = affineLayers(f);
  f[Symbol.dispose]();
  network.model.dispose();
  if (affine === undefined) throw new Error('no layer');
  return [{ layer: affine, a: tf.tensor1d([1, 2, 4]), g: tf.tensor2d([1], [1, 1]) }];
}

describe('natural steps', () => {
  it('go by the inverse curvature, and weights without a block stay', () => {
    using optimizer = natural(4, threeWeights(), { momentum: 0.5 });
    const gradient = tf.tensor1d([1, 1, 1, 9]);
    // gᵀ M⁻¹ g = 1 + 2 + 4; half a step of 0.1, since μ = 0.5.
    expect(optimizer.slope(gradient).dataSync()[0]).toBe(7);
    const next = [...optimizer.step(tf.tensor1d([1, 1, 1, 1]), gradient, 0.1).dataSync()];
    [0.95, 0.9, 0.8, 1].forEach((value, i) => {
      expect(next[i]).toBeCloseTo(value, 6);
    });
  });

  it('never grow longer, as M sees them, than the first', () => {
    using optimizer = natural(3, threeWeights(), { momentum: 0 });
    const start = tf.tensor1d([0, 0, 0]);
    const moved = [1, 100, 0.5].map((size) => {
      const gradient = tf.tensor1d([0, 0, size]);
      return optimizer.step(start, gradient, 0.1).dataSync()[2] as number;
    });
    [-0.4, -0.4, -0.2].forEach((value, i) => {
      expect(moved[i]).toBeCloseTo(value, 6);
    });
  });

  it('do not go where it is closed, and lose no more than that', () => {
    // M⁻¹ g = (1, 4, 0); w = (0, −1, 1), p = (0, −2, 4), wᵀp = 6, −wᵀM⁻¹g = 4: + ⅔ p.
    const closed = tf.tensor1d([0, -1, 1]);
    using optimizer = natural(3, threeWeights(), { momentum: 0, closed });
    const start = tf.tensor1d([0, 0, 0]);
    // What such a step takes off: 1 + 2 (4 − 4/3).
    const slope = optimizer.slope(tf.tensor1d([1, 2, 0])).dataSync()[0];
    expect(slope).toBeCloseTo(1 + 16 / 3, 5);
    const step = [...optimizer.step(start, tf.tensor1d([1, 2, 0]), 1).dataSync()];
    [-1, -4 + 4 / 3, -8 / 3].forEach((value, i) => {
      expect(step[i]).toBeCloseTo(value, 5);
    });
    expect((step[2] as number) - (step[1] as number)).toBeCloseTo(0, 5);
  });

  it('go away from where it is closed as they would', () => {
    const closed = tf.tensor1d([0, 1, 0]);
    using optimizer = natural(3, threeWeights(), { momentum: 0, closed });
    const step = optimizer.step(tf.tensor1d([0, 0, 0]), tf.tensor1d([1, 2, 0]), 1);
    expect([...step.dataSync()].map((value) => value + 0)).toEqual([-1, -4, 0]);
  });

  it('know no direction that is closed where none is given length', () => {
    using optimizer = natural(3, threeWeights(), { momentum: 0, closed: tf.tensor1d([0, 0, 0]) });
    const step = optimizer.step(tf.tensor1d([0, 0, 0]), tf.tensor1d([1, 2, 0]), 1);
    expect([...step.dataSync()].map((value) => value + 0)).toEqual([-1, -4, 0]);
  });
});

it.each([
  ['Natural steps', () => natural(3, threeWeights())],
  [
    'Natural steps beside a closed direction',
    () => natural(3, threeWeights(), { closed: tf.tensor1d([0, 1, 0]) }),
  ],
  ['Adam', () => adam(3)],
  ['SGD', () => momentumSgd(3, 0.9, 0)],
])('%s frees what it owns', (_name, make) => {
  const before = tf.memory().numTensors;
  const [theta, gradient] = [tf.tensor1d([1, 2, 3]), tf.tensor1d([1, 1, 1])];
  {
    using optimizer = make();
    optimizer.step(theta, gradient, 0.1).dispose();
    optimizer.step(theta, gradient, 0.1).dispose();
  }
  tf.dispose([theta, gradient]);
  expect(tf.memory().numTensors).toBe(before);
});
