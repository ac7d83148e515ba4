import { openBackend } from '@lethe/compute';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { NetworkFunction } from '../network/network-function.ts';
import type { Network } from '../round.ts';
import { applyBlocks } from './apply-blocks.ts';
import { dampedBlocks } from './damped-blocks.ts';
import { dampedInverse } from './damped-inverse.ts';
import { invertPositive } from './invert-positive.ts';
import { kroneckerBlocks } from './kronecker-block.ts';
import { widestFactor } from './second-moments.ts';

beforeAll(() => openBackend({ prefer: 'js' }));

const preprocessing = { scale: 1, mean: [0], std: [1] };

function networkOf(layers: tf.layers.Layer[], sampleShape: number[]): Network {
  const model = tf.sequential({ layers });
  return { model, sampleShape, classCount: 2, isImage: false, preprocessing };
}

function openNetwork(layers: tf.layers.Layer[], sampleShape: number[], weights: number[][]) {
  const arrays = weights.map((values) => Float32Array.from(values));
  const f = new NetworkFunction(networkOf(layers, sampleShape), arrays);
  return { f, theta: tf.tensor1d(f.flatten(arrays)) };
}

const host = (tensor: tf.Tensor) => [...tensor.dataSync<'float32'>()];

describe('Kronecker factors', () => {
  it('are what is worked by hand', () => {
    // z = W ᵀ x + b at x = (1, 2) and (3, 0); s = z_0 − z_1 for both, so g = (1, −1) twice.
    const layers = [tf.layers.dense({ units: 2, inputShape: [2] })];
    const { f, theta } = openNetwork(
      layers,
      [2],
      [
        [1, 2, 3, 4],
        [0, 0],
      ],
    );
    const x = f.tensorOf(Float32Array.of(1, 2, 3, 0));
    const [block] = kroneckerBlocks(f, theta, x, (z) => z.mul([1, -1]).sum());
    // Half of (1, 2, 1)(1, 2, 1)ᵀ + (3, 0, 1)(3, 0, 1)ᵀ; the last input is the bias's 1.
    expect(host(block!.a)).toEqual([5, 1, 2, 1, 2, 1, 2, 1, 1]);
    expect(host(block!.g)).toEqual([1, -1, -1, 1]);
    f[Symbol.dispose]();
  });

  it('see gradients before the activation', () => {
    // Unit 1 is shut at x = (1, 1): nothing comes back to it.
    const layers = [tf.layers.dense({ units: 2, activation: 'relu', inputShape: [2] })];
    const { f, theta } = openNetwork(
      layers,
      [2],
      [
        [1, -1, 1, -1],
        [0, 0],
      ],
    );
    const x = f.tensorOf(Float32Array.of(1, 1));
    const [block] = kroneckerBlocks(f, theta, x, (z) => z.sum());
    expect(host(block!.g)).toEqual([1, 0, 0, 0]);
    f[Symbol.dispose]();
  });

  it('leave the network as it was, and no tensor behind', () => {
    const layers = [
      tf.layers.conv2d({ filters: 2, kernelSize: 3, activation: 'relu', inputShape: [4, 4, 1] }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 2 }),
    ];
    const network = networkOf(layers, [4, 4, 1]);
    const weights = network.model.getWeights().map((w) => w.dataSync<'float32'>().slice());
    using f = new NetworkFunction(network, weights);
    const theta = tf.tensor1d(f.flatten(weights));
    const x = tf.randomNormal([3, 4, 4, 1], 0, 1, 'float32', 1);
    const calls = network.model.layers.map((layer) => layer.call);
    const before = host(f.logits(theta, x));
    const tensors = tf.memory().numTensors;
    const blocks = kroneckerBlocks(f, theta, x, (z) => z.sum());
    tf.dispose(blocks.flatMap(({ a, g }) => [a, g]));
    expect(tf.memory().numTensors).toBe(tensors);
    expect(network.model.layers.map((layer) => layer.call)).toEqual(calls);
    expect(host(f.logits(theta, x))).toEqual(before);
  });
});

describe('the Kronecker factors', () => {
  it('is half the mean squared change of logits for a linear network, bias and all', () => {
    const layers = [tf.layers.dense({ units: 2, inputShape: [3] })];
    const { f, theta } = openNetwork(
      layers,
      [3],
      [
        [1, 2, 3, 4, 5, 6],
        [0.5, -0.5],
      ],
    );
    const x = tf.randomNormal([5, 3], 0, 1, 'float32', 2);
    // (1, 1) and (1, −1): the mean of their outer products is the identity.
    const halves = [
      [1, 1],
      [1, -1],
    ].map((signs) => kroneckerBlocks(f, theta, x, (z) => z.mul(signs).sum())[0]!);
    const block = { ...halves[0]!, g: tf.add(halves[0]!.g, halves[1]!.g).div<tf.Tensor2D>(2) };
    const delta = tf.tensor1d([0.3, -0.2, 0.1, 0.4, -0.5, 0.2, 0.7, -0.1]);
    const penalty = applyBlocks([block], delta).mul(delta).sum().div(2);
    const moved = f.logits(theta.add(delta), x).sub(f.logits(theta, x));
    const expected = moved.square().sum(1).mean().div(2);
    expect(host(penalty)[0]).toBeCloseTo(host(expected)[0]!, 5);
    f[Symbol.dispose]();
  });

  it('pulls where its layers are, and nowhere else', () => {
    const layers = [
      tf.layers.dense({ units: 1, useBias: false, trainable: true, inputShape: [1] }),
      tf.layers.dense({ units: 2, useBias: false }),
    ];
    const { f, theta } = openNetwork(layers, [1], [[2], [1, 3]]);
    const x = f.tensorOf(Float32Array.of(5));
    const blocks = kroneckerBlocks(f, theta, x, (z) => z.mul([1, 0]).sum());
    // z_0 = 5 · w · u_0: a = 25 and g = u_0² = 1 for w; a = (5 · 2)² and g = e_0 e_0ᵀ for u.
    const delta = tf.tensor1d([1, 1, 1]);
    expect(host(applyBlocks(blocks, delta))).toEqual([25, 100, 0]);
    expect(host(applyBlocks(blocks.slice(1), delta))).toEqual([0, 100, 0]);
    expect(host(applyBlocks([], delta))).toEqual([0, 0, 0]);
    f[Symbol.dispose]();
  });
});

describe('the damped inverse', () => {
  it('inverts a matrix as worked by hand', () => {
    // det = 4 · 3 − 2² = 8.
    const inverse = invertPositive(Float64Array.of(4, 2, 2, 3), 2);
    [3 / 8, -2 / 8, -2 / 8, 4 / 8].forEach((value, i) => {
      expect(inverse[i]).toBeCloseTo(value, 12);
    });
  });

  it('takes back what the damped blocks do, wide layers by their diagonal', async () => {
    const wide = widestFactor + 1;
    const layers = [
      tf.layers.dense({ units: 3, useBias: false, inputShape: [wide] }),
      tf.layers.dense({ units: 2 }),
    ];
    const network = networkOf(layers, [wide]);
    const weights = network.model.getWeights().map((w) => w.dataSync<'float32'>().slice());
    using f = new NetworkFunction(network, weights);
    const theta = tf.tensor1d(f.flatten(weights));
    const x = tf.randomNormal([20, wide], 0, 1, 'float32', 3);
    const blocks = kroneckerBlocks(f, theta, x, (z) => z.mul([1, -1]).sum());
    expect(blocks.map(({ a, g }) => [a.shape, g.shape])).toEqual([
      [[wide], [3, 3]],
      [
        [4, 4],
        [2, 2],
      ],
    ]);
    const damped = dampedBlocks(blocks, 0.1);
    const vector = tf.randomNormal<tf.Rank.R1>([f.parameterCount], 0, 1, 'float32', 4);
    const back = applyBlocks(await dampedInverse(blocks, 0.1), applyBlocks(damped, vector));
    expect(host(back.sub(vector).abs().max())[0]).toBeLessThan(1e-3);
  });

  it('leaves out a layer that nothing comes through', async () => {
    const layers = [tf.layers.dense({ units: 2, useBias: false, inputShape: [2] })];
    const { f, theta } = openNetwork(layers, [2], [[1, 2, 3, 4]]);
    const blocks = kroneckerBlocks(f, theta, f.tensorOf(new Float32Array(2)), (z) => z.sum());
    expect(await dampedInverse(blocks, 0.1)).toEqual([]);
    f[Symbol.dispose]();
  });
});
