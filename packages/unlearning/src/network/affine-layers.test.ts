import { openBackend } from '@lethe/compute';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Network } from '../round.ts';
import { affineLayers } from './affine-layers.ts';
import { NetworkFunction } from './network-function.ts';

beforeAll(() => openBackend({ prefer: 'js' }));

type Convolution = Pick<
  Parameters<typeof tf.layers.conv2d>[0],
  'kernelSize' | 'strides' | 'padding' | 'dilationRate'
>;

function networkOf(layers: tf.layers.Layer[], sampleShape: number[]): Network {
  const model = tf.sequential({ layers });
  const preprocessing = { scale: 1, mean: [0], std: [1] };
  return { model, sampleShape, classCount: 2, isImage: true, preprocessing };
}

describe('affine layers', () => {
  it.each<Convolution>([
    { kernelSize: 3, strides: 1, padding: 'same' },
    { kernelSize: [3, 2], strides: [2, 3], padding: 'same' },
    { kernelSize: [2, 3], strides: 2, padding: 'valid' },
    { kernelSize: 3, strides: 1, dilationRate: 2, padding: 'same' },
  ])('are convolutions as matrix products of patches: %j', async (config) => {
    const layer = tf.layers.conv2d({ ...config, filters: 3, inputShape: [5, 6, 2] });
    const network = networkOf([layer], [5, 6, 2]);
    const weights = network.model.getWeights().map((w) => w.dataSync<'float32'>().slice());
    using f = new NetworkFunction(network, weights);
    const [affine] = affineLayers(f);
    const x = tf.randomNormal([2, 5, 6, 2], 0, 1, 'float32', 1);
    const kernel = tf.tensor2d(weights[0]!, [affine!.inputs, affine!.outputs]);
    const product = tf.matMul(affine!.rowsOf(x), kernel);
    const output = network.model.apply(x) as tf.Tensor;
    const difference = product.sub(output.reshape(product.shape)).abs().max();
    expect(difference.dataSync()[0]).toBeLessThan(1e-5);
  });

  it('leaves out what is frozen, what is depthwise, and what has no weights', () => {
    const frozen = tf.layers.conv2d({ filters: 2, kernelSize: 1, trainable: false });
    const layers = [
      tf.layers.conv2d({ filters: 2, kernelSize: 1, inputShape: [4, 4, 1], name: 'first' }),
      frozen,
      tf.layers.depthwiseConv2d({ kernelSize: 3 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 2, useBias: false, name: 'last' }),
    ];
    const network = networkOf(layers, [4, 4, 1]);
    const weights = network.model.getWeights().map((w) => w.dataSync<'float32'>().slice());
    using f = new NetworkFunction(network, weights);
    const found = affineLayers(f).map(({ layer, inputs, outputs, bias, inputFacing }) => ({
      name: layer.name,
      inputs,
      outputs,
      bias: bias !== undefined,
      inputFacing,
    }));
    expect(found).toEqual([
      { name: 'first', inputs: 1, outputs: 2, bias: true, inputFacing: true },
      { name: 'last', inputs: 8, outputs: 2, bias: false, inputFacing: false },
    ]);
  });
});
