import { join } from 'node:path';
import { LetheError } from '@lethe/contracts';
import { openDataset } from '@lethe/datasets';
import type { LabelledSamples, Random } from '@lethe/unlearning';
import * as tf from '@tensorflow/tfjs';
import { range } from './rows.ts';

export type SmallData = 'mnist' | 'cifar-10';

/** Values as datasets read them, from 0 to 1. */
export const smallPreprocessing = { scale: 1, mean: [0], std: [1] };

/** The first images of a split. */
export function readFirst(
  dataDir: string,
  data: SmallData,
  split: 'train' | 'test',
  count: number,
): Promise<LabelledSamples> {
  return readFrom(dataDir, data, split, () => range(0, count));
}

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
  return readFrom(dataDir, data, split, (size) => {
    if (count > size) {
      throw LetheError.invalid(
        'images',
        count,
        `are more than the ${size} of the ${split} split of ${data}`,
        `Take ${count - size} fewer (--train, --held-out).`,
      );
    }
    return random.permutation(size).slice(0, count);
  });
}

async function readFrom(
  dataDir: string,
  data: SmallData,
  split: 'train' | 'test',
  rowsOf: (size: number) => Int32Array,
): Promise<LabelledSamples> {
  const source =
    data === 'mnist'
      ? ({ kind: 'mnist-idx', path: join(dataDir, 'mnist') } as const)
      : ({ kind: 'cifar10-binary', path: join(dataDir, 'cifar-10-batches-bin') } as const);
  const dataset = await openDataset({ ...source, split, options: {} });
  try {
    return await dataset.read(rowsOf(dataset.size));
  } finally {
    await dataset[Symbol.asyncDispose]();
  }
}

/** A convolutional network of some 100,000 weights that are yet to be trained. */
export function smallNetwork(data: SmallData) {
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
  return { model, sampleShape, classCount: 10 };
}
