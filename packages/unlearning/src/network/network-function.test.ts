import { openBackend } from '@lethe/compute';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Network } from '../round.ts';
import { inputFacingWeights } from './input-facing.ts';
import { NetworkFunction } from './network-function.ts';
import { toNetworkInput } from './network-input.ts';

beforeAll(() => openBackend({ prefer: 'js' }));

/** z = relu(x · A + a) · B with B frozen, so that θ = (A, a). */
function small(): Network {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 2, activation: 'relu', inputShape: [2], name: 'first' }),
      tf.layers.dense({ units: 2, useBias: false, trainable: false, name: 'last' }),
    ],
  });
  const preprocessing = { scale: 1, mean: [0], std: [1] };
  return { model, sampleShape: [2], classCount: 2, isImage: false, preprocessing };
}

const weights = [
  Float32Array.of(1, 0, 0, 1), // A
  Float32Array.of(0, -1), // a
  Float32Array.of(1, 2, 3, 4), // B
];
const theta = Float32Array.of(1, 0, 0, 1, 0, -1);
const x = Float32Array.of(2, 3);

describe('a network as a function of its weights', () => {
  it('has the trainable weights as one vector, and gives all weights back', () => {
    using network = new NetworkFunction(small(), weights);
    expect([...network.flatten(weights)]).toEqual([...theta]);
    const moved = network.unflatten(theta.map((value) => 10 * value));
    expect(moved.map((values) => [...values])).toEqual([
      [10, 0, 0, 10],
      [0, -10],
      [1, 2, 3, 4],
    ]);
  });

  it('computes logits at any θ, in batches of any size', async () => {
    using network = new NetworkFunction(small(), weights);
    // h = (2, 3 − 1); z = (2·1 + 2·3, 2·2 + 2·4). At 2θ: h = (4, 4).
    const input = Float32Array.of(...x, ...x, 0, 0);
    const at = tf.tensor1d(theta);
    const twice = tf.tensor1d(theta.map((value) => 2 * value));
    expect([...(await network.evaluate(at, input, { batch: 2 }))]).toEqual([8, 12, 8, 12, 0, 0]);
    expect([...(await network.evaluate(twice, x))]).toEqual([16, 24]);
    expect([...(await network.evaluate(at, x))]).toEqual([8, 12]);
  });

  it('gives the gradient by hand', () => {
    using network = new NetworkFunction(small(), weights);
    const result = network.gradient(tf.tensor1d(theta), network.tensorOf(x), (z) =>
      z.slice([0, 0], [1, 1]).asScalar(),
    );
    // dz_0/dh = (1, 3); dh/dA = x per unit; both units are active.
    expect(result.loss.dataSync()[0]).toBe(8);
    expect([...result.logits.dataSync()]).toEqual([8, 12]);
    expect([...result.gradient.dataSync()]).toEqual([2, 6, 3, 9, 1, 3]);
  });

  it('has the model for itself', () => {
    const network = small();
    {
      using _ = new NetworkFunction(network, weights);
      expect(() => new NetworkFunction(network, weights)).toThrow(/in use by another round/);
    }
    using again = new NetworkFunction(network, weights);
    expect(again.parameterCount).toBe(6);
  });

  it('gives the model back with the weights it came with, and frees everything', async () => {
    const network = small();
    const lent = network.model.getWeights().map((weight) => weight.dataSync().slice());
    const before = tf.memory().numTensors;
    {
      using f = new NetworkFunction(network, weights);
      const at = tf.tensor1d(theta);
      await f.evaluate(at, x);
      const input = f.tensorOf(x);
      const { loss, logits, gradient } = f.gradient(at, input, (z) => z.sum<tf.Scalar>());
      tf.dispose([at, input, loss, logits, gradient]);
    }
    expect(tf.memory().numTensors).toBe(before);
    expect(network.model.getWeights().map((weight) => weight.dataSync())).toEqual(lent);
  });

  it('never uses or moves batch statistics', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ units: 2, inputShape: [2] }),
        tf.layers.batchNormalization({ name: 'norm' }),
      ],
    });
    const preprocessing = { scale: 1, mean: [0], std: [1] };
    const original = model.getWeights().map((weight) => weight.dataSync<'float32'>().slice());
    using network = new NetworkFunction(
      { model, sampleShape: [2], classCount: 2, isImage: false, preprocessing },
      original,
    );
    const at = tf.tensor1d(network.flatten(original));
    const alone = await network.evaluate(at, x);
    const together = await network.evaluate(at, Float32Array.of(...x, 100, -100));
    network.gradient(at, network.tensorOf(x), (z) => z.sum<tf.Scalar>());
    expect([...together.slice(0, 2)]).toEqual([...alone]);
    expect(network.unflatten(network.flatten(original)).slice(-2)).toEqual(original.slice(-2));
    expect(model.getWeights().at(-1)?.dataSync()).toEqual(original.at(-1));
  });
});

describe('running statistics', () => {
  /** Normalises two features, behind a layer that leaves them as they are. */
  function normalising(): Network {
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ units: 2, inputShape: [2], useBias: false }),
        tf.layers.batchNormalization({ epsilon: 0 }),
      ],
    });
    const preprocessing = { scale: 1, mean: [0], std: [1] };
    return { model, sampleShape: [2], classCount: 2, isImage: false, preprocessing };
  }
  const kernel = Float32Array.of(1, 0, 0, 1);
  const [ones, zeros] = [Float32Array.of(1, 1), Float32Array.of(0, 0)];
  /** Kernel, scale, shift; mean, variance. */
  const start = [kernel, ones, zeros, Float32Array.of(50, 50), Float32Array.of(9, 9)];

  it('are those of all samples together, however they are cut into batches', async () => {
    using network = new NetworkFunction(normalising(), start);
    const theta = tf.tensor1d(network.flatten(start));
    async function* batches() {
      yield network.tensorOf(Float32Array.of(1, 10, 3, 10, 5, 10));
      yield network.tensorOf(Float32Array.of(11, 0));
    }
    const tensors = tf.memory().numTensors;
    expect(network.hasBatchStatistics).toBe(true);
    await network.measureStatistics(theta, batches());
    expect(tf.memory().numTensors).toBe(tensors);
    // 1 3 5 11: mean 5, variance (16 + 4 + 0 + 36)/4; 10 10 10 0: mean 7.5, variance 75/4.
    const weights = network.unflatten(network.flatten(start));
    expect(weights.map((each) => [...each])).toEqual([
      [1, 0, 0, 1],
      [1, 1],
      [0, 0],
      [5, 7.5],
      [14, 18.75],
    ]);
    const logits = await network.evaluate(theta, Float32Array.of(5, 7.5));
    expect([...logits]).toEqual([0, 0]);
  });

  it('stay where only a gradient goes by the batch', () => {
    using network = new NetworkFunction(normalising(), start);
    const input = network.tensorOf(Float32Array.of(1, 0, 3, 1));
    const theta = tf.tensor1d(network.flatten(start));
    network.gradient(theta, input, (z) => z.sum<tf.Scalar>(), 'batch');
    expect(network.unflatten(network.flatten(start))).toEqual(start);
    using without = new NetworkFunction(small(), weights);
    expect(without.hasBatchStatistics).toBe(false);
  });
});

describe('preprocessing', () => {
  it('is (x · scale − mean) / std per channel', () => {
    const preprocessing = { scale: 2, mean: [1, 0], std: [0.5, 4] };
    expect([...toNetworkInput(Float32Array.of(1, 2, 0, 1), preprocessing, 2)]).toEqual([
      2, 1, -2, 0.5,
    ]);
    const same = { scale: 1, mean: [1], std: [2] };
    expect([...toNetworkInput(Float32Array.of(1, 3), same, 2)]).toEqual([0, 1]);
  });
});

describe('weights that face the input', () => {
  const names = (model: tf.LayersModel) =>
    [...inputFacingWeights(model)]
      .map(([name, facing]) => `${name.replace(/_\d+$/, '')} ${facing}`)
      .sort();

  it('are those of the first layer with weights, behind layers without', () => {
    const model = tf.sequential({
      layers: [
        tf.layers.flatten({ inputShape: [2, 2] }),
        tf.layers.dense({ units: 2, name: 'facing' }),
        tf.layers.dense({ units: 2, name: 'behind' }),
      ],
    });
    expect(names(model)).toEqual(['facing/bias by unit', 'facing/kernel by unit']);
  });

  it('are those behind a layer that hands the sample on, feature by feature, too', () => {
    const model = tf.sequential({
      layers: [
        tf.layers.batchNormalization({ inputShape: [2], name: 'norm' }),
        tf.layers.prelu({ name: 'bend' }),
        tf.layers.dense({ units: 2, name: 'facing' }),
        tf.layers.batchNormalization({ name: 'behind' }),
        tf.layers.dense({ units: 2, name: 'out' }),
      ],
    });
    expect(names(model)).toEqual([
      'bend/alpha by feature',
      'facing/bias by unit',
      'facing/kernel by unit',
      'norm/beta by feature',
      'norm/gamma by feature',
      'norm/moving_mean by feature',
      'norm/moving_variance by feature',
    ]);
  });

  it('are those of every branch that the input enters', () => {
    const input = tf.input({ shape: [4] });
    const left = tf.layers.dense({ units: 2, name: 'left' }).apply(input) as tf.SymbolicTensor;
    const right = tf.layers.dense({ units: 2, name: 'right' }).apply(input) as tf.SymbolicTensor;
    const sum = tf.layers.add().apply([left, right]) as tf.SymbolicTensor;
    const output = tf.layers.dense({ units: 2, name: 'out' }).apply(sum) as tf.SymbolicTensor;
    expect(names(tf.model({ inputs: input, outputs: output }))).toEqual([
      'left/bias by unit',
      'left/kernel by unit',
      'right/bias by unit',
      'right/kernel by unit',
    ]);
  });
});
