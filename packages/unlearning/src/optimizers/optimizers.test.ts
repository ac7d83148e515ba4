import { openBackend } from '@lethe/compute';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { adam } from './adam.ts';
import { momentumSgd } from './momentum-sgd.ts';
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

it.each([
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
