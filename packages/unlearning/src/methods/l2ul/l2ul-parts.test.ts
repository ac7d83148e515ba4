import { openBackend } from '@lethe/compute';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { outputImportance } from '../../importance/output-importance.ts';
import { NetworkFunction } from '../../network/network-function.ts';
import { Random } from '../../random.ts';
import type { Network } from '../../round.ts';
import { holdStrength } from './hold-strength.ts';
import { normalisePerTensor } from './normalise-per-tensor.ts';
import { targetedAttack } from './targeted-attack.ts';

beforeAll(() => openBackend({ prefer: 'js' }));

const nothing = async () => undefined;

/** z = x · W with W = I, two pixels of one channel. */
function identityNetwork(isImage: boolean): Network {
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 2, useBias: false, inputShape: [2] })],
  });
  const preprocessing = { scale: 2, mean: [1], std: [1] };
  return { model, sampleShape: [2], classCount: 2, isImage, preprocessing };
}
const eye = [Float32Array.of(1, 0, 0, 1)];

describe('weight importance (Ω)', () => {
  it('is |∂‖z‖₂/∂θ| of each sample, added up; |∂‖z‖₂²/∂θ| where that is asked for', async () => {
    using network = new NetworkFunction(identityNetwork(false), eye);
    const theta = tf.tensor1d(network.flatten(eye));
    // z = x = (3, 4): ‖z‖ = 5, d/dW_ij = x_i z_j/5. The second sample (−3, −4) gives the same.
    const input = Float32Array.of(3, 4, -3, -4);
    const omega = await outputImportance(network, theta, input, 'norm', nothing);
    const expected = [9, 12, 12, 16].map((value) => (2 * value) / 5);
    for (const [i, value] of expected.entries()) expect(omega[i]).toBeCloseTo(value, 5);
    const squared = await outputImportance(network, theta, input, 'squared norm', nothing);
    // 2 z_j x_i of each.
    expect([...squared]).toEqual([36, 48, 48, 64]);
  });

  it('is normalised to 0 … 1 within each tensor', () => {
    const segments = [
      { from: 0, to: 3 },
      { from: 3, to: 5 },
    ];
    expect([...normalisePerTensor(Float32Array.of(2, 6, 4, 7, 7), segments)]).toEqual([
      0, 1, 0.5, 0, 0,
    ]);
  });

  it('holds what matters little now, and what earlier rounds moved', () => {
    expect([...holdStrength(Float32Array.of(0, 1, 0.75), Float32Array.of(0, 0, 0))]).toEqual([
      1, 0, 0.25,
    ]);
    expect([...holdStrength(Float32Array.of(0, 1, 0.75), Float32Array.of(0.5, 0.5, 0.5))]).toEqual([
      1, 0.5, 0.5,
    ]);
  });
});

describe('the targeted attack', () => {
  const options = {
    perturbations: 4,
    attackRadius: 0.3,
    attackStep: 0.05,
    attackIterations: 20,
  };
  const values = Float32Array.of(0.55, 0.45, 0.1, 0.9);
  const labels = Int32Array.of(0, 1);

  async function attack(isImage: boolean, changes = {}) {
    using network = new NetworkFunction(identityNetwork(isImage), eye);
    const theta = tf.tensor1d(network.flatten(eye));
    const before = tf.memory().numTensors;
    const result = await targetedAttack(
      network,
      theta,
      values,
      labels,
      { ...options, ...changes },
      new Random(1),
      nothing,
    );
    expect(tf.memory().numTensors).toBe(before);
    return result;
  }
  /** Back to samples as read: input = 2x − 1. */
  const asRead = (input: Float32Array) => input.map((value) => (value + 1) / 2);

  it('never aims at the own label', async () => {
    const { labels: targets } = await attack(true);
    expect([...targets]).toEqual([1, 1, 1, 1, 0, 0, 0, 0]);
  });

  it('stays within the radius and reaches the target where it can', async () => {
    const { input } = await attack(true);
    const perturbed = asRead(input);
    for (let i = 0; i < 8; i++) {
      const source = Math.floor(i / 4);
      const [dx, dy] = [0, 1].map(
        (j) => (perturbed[2 * i + j] as number) - (values[2 * source + j] as number),
      ) as [number, number];
      expect(Math.hypot(dx, dy)).toBeLessThanOrEqual(0.3 + 1e-5);
      // The first sample leads by 0.1 only; the second by 0.8, out of reach.
      expect((perturbed[2 * i] as number) < (perturbed[2 * i + 1] as number)).toBe(true);
    }
  });

  it('keeps images in [0, 1] and leaves vectors free', async () => {
    const far = { attackRadius: 4, attackStep: 0.5 };
    const image = asRead((await attack(true, far)).input);
    expect(image.every((value) => value >= -1e-6 && value <= 1 + 1e-6)).toBe(true);
    const vector = asRead((await attack(false, far)).input);
    expect(vector.some((value) => value < 0 || value > 1)).toBe(true);
  });

  it('starts at random places and is the same for the same seed', async () => {
    const [first, second] = [await attack(true), await attack(true)];
    expect(first).toEqual(second);
    expect(first.input.slice(0, 2)).not.toEqual(first.input.slice(2, 4));
  });
});
