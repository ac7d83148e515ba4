import { join } from 'node:path';
import { LetheError } from '@lethe/contracts';
import { openDataset } from '@lethe/datasets';
import { type LabelledSamples, type Network, Random } from '@lethe/unlearning';
import * as tf from '@tensorflow/tfjs';

export type SmallData = 'mnist' | 'cifar-10';

/** Values as datasets read them, from 0 to 1. */
const smallPreprocessing = { scale: 1, mean: [0], std: [1] };

/**
 * Images of a split that chance chooses: neighbours in a file may have more in common than others
 * (MNIST is written a hundred digits and more by the same hand).
 */
export async function readRandom(
  dataDir: string,
  data: SmallData,
  split: 'train' | 'test',
  count: number,
  random: Random,
): Promise<LabelledSamples> {
  const source =
    data === 'mnist'
      ? ({ kind: 'mnist-idx', path: join(dataDir, 'mnist') } as const)
      : ({ kind: 'cifar10-binary', path: join(dataDir, 'cifar-10-batches-bin') } as const);
  const dataset = await openDataset({ ...source, split, options: {} });
  try {
    if (count > dataset.size) {
      throw LetheError.invalid(
        'images',
        count,
        `are more than the ${dataset.size} of the ${split} split of ${data}`,
        `Take ${count - dataset.size} fewer (--train, --held-out).`,
      );
    }
    return await dataset.read(random.permutation(dataset.size).slice(0, count));
  } finally {
    await dataset[Symbol.asyncDispose]();
  }
}

/** MNIST images that chance chooses once for all: the same for every seed. */
export function readFixedMnist(
  dataDir: string,
  split: 'train' | 'test',
  count: number,
): Promise<LabelledSamples> {
  return readRandom(dataDir, 'mnist', split, count, new Random(20_240_115).fork(split));
}

/** A convolutional network of some 100,000 weights that are yet to be trained. */
export function smallNetwork(data: SmallData): Network {
  const sampleShape = data === 'mnist' ? [28, 28, 1] : [32, 32, 3];
  const convolution = (filters: number, strides: number, more: object = {}) =>
    tf.layers.conv2d({
      filters,
      strides,
      kernelSize: 3,
      padding: 'same',
      activation: 'relu',
      ...more,
    });
  const model = tf.sequential({
    layers: [
      convolution(16, data === 'mnist' ? 2 : 1, { inputShape: sampleShape }),
      convolution(32, 2),
      convolution(64, 2),
      convolution(64, 2),
      tf.layers.flatten({}),
      tf.layers.dense({ units: 10 }),
    ],
  });
  return { model, sampleShape, classCount: 10, preprocessing: smallPreprocessing, isImage: true };
}
