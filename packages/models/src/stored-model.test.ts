import { LetheError } from '@lethe/contracts';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { classifierOf } from './classifier.ts';
import { logits } from './logits.ts';
import { decodeModel } from './stored-model.ts';
import { toLogits } from './to-logits.ts';
import {
  encodeArrays,
  encodeTopology,
  encodeWeights,
  findNonFinite,
  parseTopology,
  setWeights,
  weightsOf,
} from './weights.ts';

beforeAll(() => tf.setBackend('cpu'));
afterEach(() => tf.disposeVariables());

/** A frozen layer in the middle: its weights come last in getWeights(). */
function network(): tf.LayersModel {
  return tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [5, 5, 2], filters: 3, kernelSize: 3, name: 'first' }),
      tf.layers.conv2d({ filters: 3, kernelSize: 1, trainable: false, name: 'frozen' }),
      tf.layers.batchNormalization({ name: 'norm' }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 4, name: 'last' }),
    ],
  });
}

async function stored(model: tf.LayersModel) {
  return { topology: encodeTopology(model), weights: await encodeWeights(model) };
}

describe('weights that arrive in a Buffer', () => {
  it('are read from where the Buffer begins, not from its pool', async () => {
    const { topology, weights } = await stored(network());
    const pooled = Buffer.concat([Buffer.alloc(13, 0xff), weights]).subarray(13);
    expect(weightsOf(pooled, topology)).toEqual(weightsOf(weights, topology));
  });
});

/** Branches of different depth, an inner network, and layers made in another order than they run. */
function branchedNetwork(): tf.LayersModel {
  const dense = (units: number) => tf.layers.dense({ units });
  const late = dense(3);
  const input = tf.input({ shape: [4] });
  const inner = tf.sequential({
    layers: [tf.layers.dense({ units: 3, inputShape: [4] }), dense(3)],
  });
  const branches = [
    inner.apply(input),
    dense(3).apply(dense(2).apply(input)),
    dense(3).apply(input),
  ];
  const sum = tf.layers.add().apply(branches as tf.SymbolicTensor[]);
  return tf.model({ inputs: input, outputs: late.apply(sum) as tf.SymbolicTensor });
}

describe('a stored model', () => {
  it.each([
    ['a chain', network],
    ['branches and an inner network', branchedNetwork],
  ])('of %s comes back with the same bytes and weight order', async (_, make) => {
    const model = await toLogits(make());
    const first = await stored(model);
    const back = await decodeModel(first.topology, first.weights);
    expect(new TextDecoder().decode(encodeTopology(back.model))).toBe(
      new TextDecoder().decode(first.topology),
    );
    expect(await encodeWeights(back.model)).toEqual(first.weights);
    const size = back.sampleShape.reduce((a, b) => a * b);
    const values = Float32Array.from({ length: 2 * size }, (_, i) => Math.sin(i));
    expect(await logits(back, values, 2)).toEqual(await logits(classifierOf(model), values, 2));
  });

  it('comes back with its shape, classes and frozen layers', async () => {
    const { topology, weights } = await stored(network());
    const back = await decodeModel(topology, weights);
    expect(back.sampleShape).toEqual([5, 5, 2]);
    expect(back.classCount).toBe(4);
    expect(back.model.trainableWeights).toHaveLength(6);
  });

  it('cannot be made of a network with an inner one that was not brought into one graph', () => {
    expect(() => encodeTopology(branchedNetwork())).toThrow(/is a network inside the network/);
  });

  it('has its weights in the order of getWeights()', async () => {
    const model = network();
    const { topology, weights } = await stored(model);
    const arrays = weightsOf(weights, topology);
    expect(arrays).toEqual(model.getWeights().map((weight) => weight.dataSync()));
    expect(parseTopology(topology).weightSpecs.at(-1)!.name).toBe('norm/moving_variance');
    expect(encodeArrays(arrays)).toEqual(weights);
  });

  it('takes weights that lie at an odd offset', async () => {
    const { topology, weights } = await stored(network());
    const shifted = new Uint8Array(weights.length + 1);
    shifted.set(weights, 1);
    expect(weightsOf(shifted.subarray(1), topology)).toEqual(weightsOf(weights, topology));
  });

  it('keeps the weights it is given, whatever becomes of the arrays', async () => {
    const model = network();
    const { topology, weights } = await stored(model);
    const arrays = weightsOf(weights, topology);
    setWeights(model, arrays);
    for (const array of arrays) array.fill(0);
    expect(await encodeWeights(model)).toEqual(weights);
  });

  it('leaves no tensor behind', async () => {
    const model = network();
    const { topology, weights } = await stored(model);
    const before = tf.memory().numTensors;
    const back = await decodeModel(topology, weights);
    setWeights(back.model, weightsOf(weights, topology));
    expect(tf.memory().numTensors).toBe(before + back.model.weights.length);
    back.model.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('is refused when its weights are too short, too long or of another network', async () => {
    const { topology, weights } = await stored(network());
    for (const bytes of [weights.subarray(4), new Uint8Array(weights.length + 4)]) {
      await expect(decodeModel(topology, bytes)).rejects.toThrow(/their topology asks for/);
    }
  });

  it('is refused with the name of a tensor that is not finite', async () => {
    const { topology, weights } = await stored(network());
    const arrays = weightsOf(weights, topology);
    const { weightSpecs } = parseTopology(topology);
    expect(findNonFinite(arrays, weightSpecs)).toBeUndefined();
    arrays[2]![1] = Number.NaN;
    expect(findNonFinite(arrays, weightSpecs)).toEqual({
      name: 'norm/gamma',
      index: 1,
      value: Number.NaN,
    });
    await expect(decodeModel(topology, encodeArrays(arrays))).rejects.toThrow(/norm\/gamma\[1\]/);
  });

  it('is refused when its topology is damaged', async () => {
    const { topology, weights } = await stored(network());
    for (const bytes of [topology.subarray(1), new TextEncoder().encode('{}')]) {
      const error = await decodeModel(bytes, weights).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(LetheError);
      expect((error as LetheError).code).toBe('corrupt');
    }
  });
});
