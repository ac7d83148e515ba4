import { join } from 'node:path';
import { type Dataset, openDataset } from '@lethe/datasets';
import {
  type Classifier,
  classifierOf,
  foldBatchNorm,
  importTorchResNet,
  loadLayersModel,
} from '@lethe/models';
import { type LabelledSamples, Random } from '@lethe/unlearning';
import * as tf from '@tensorflow/tfjs';
import type { NetworkRow } from './rows.ts';

/** A row's data, and which images play which part. */
export interface SeedTask {
  readonly forget: LabelledSamples;
  /** What forget accuracy is measured on: the forget set, or more images of its class. */
  readonly judgedForget: LabelledSamples;
  /** Training images that stay; of the other classes, where a class is forgotten. */
  readonly retain: LabelledSamples;
  /** Likewise of the test images. */
  readonly test: LabelledSamples;
  /** The network as the method wants it. */
  readonly classifier: (folded: boolean) => Promise<Classifier>;
}

/** Most images that an accuracy is measured on. */
const judged = 2000;

export async function loadSeedTask(
  row: NetworkRow,
  dataDir: string,
  { classSamples, seed }: { readonly classSamples: number; readonly seed: number },
): Promise<SeedTask> {
  const open = (split: string) =>
    openDataset({
      kind: row.data.kind,
      path: join(dataDir, row.data.folder),
      split,
      options: {},
    });
  const train = await open('train');
  const test = await open(row.data.testSplit);
  try {
    return await chooseRoles(row, dataDir, { train, test, classSamples, seed });
  } finally {
    await train[Symbol.asyncDispose]();
    await test[Symbol.asyncDispose]();
  }
}

interface Sources {
  readonly train: Dataset;
  readonly test: Dataset;
  readonly classSamples: number;
  readonly seed: number;
}

async function chooseRoles(
  row: NetworkRow,
  dataDir: string,
  { train, test, classSamples, seed }: Sources,
): Promise<SeedTask> {
  const random = new Random(seed);
  const order = random.fork('train').permutation(train.size);
  const testOrder = random.fork('test').permutation(test.size);
  const { scope } = row;
  const ofClass = (dataset: Dataset, rows: Int32Array, wanted: boolean) =>
    scope.kind === 'instances'
      ? rows
      : rows.filter((index) => (dataset.label(index) === scope.label) === wanted);
  const mine = ofClass(train, order, true);
  const k = Math.min(scope.kind === 'instances' ? scope.k : classSamples, mine.length);
  const stays = scope.kind === 'instances' ? order.slice(k) : ofClass(train, order, false);
  const read = (dataset: Dataset, rows: Int32Array) => dataset.read(rows.toSorted());
  const retain = await read(train, stays.slice(0, judged));
  return {
    forget: await read(train, mine.slice(0, k)),
    judgedForget: await read(train, mine.slice(0, scope.kind === 'instances' ? k : judged)),
    retain,
    test: await read(test, ofClass(test, testOrder, false).slice(0, 5 * judged)),
    classifier: await networkOf(row, dataDir, train, order),
  };
}

async function networkOf(
  { network }: NetworkRow,
  dataDir: string,
  train: Dataset,
  order: Int32Array,
): Promise<SeedTask['classifier']> {
  switch (network.kind) {
    case 'torch-resnet':
      return (folded) => foldedIf(folded, importTorchResNet(join(dataDir, network.file)));
    case 'layers-model':
      return (folded) => foldedIf(folded, loadLayersModel(join(dataDir, network.folder)));
    case 'trained-mlp': {
      const trained = await trainPerceptron(await train.read(order.slice(0, 20_000)), train);
      return async () => trained;
    }
    default:
      return network satisfies never;
  }
}

async function foldedIf(folded: boolean, loading: Promise<Classifier>): Promise<Classifier> {
  const loaded = await loading;
  return folded ? classifierOf(await foldBatchNorm(loaded.model), loaded.preprocessing) : loaded;
}

/** Four walks over the samples; the same for the same backend. */
async function trainPerceptron(
  { values, labels }: LabelledSamples,
  { shape, classCount }: Dataset,
): Promise<Classifier> {
  const kernelInitializer = (seed: number) => ({
    kernelInitializer: tf.initializers.heNormal({ seed }),
  });
  const model = tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [...shape] }),
      tf.layers.dense({ units: 128, activation: 'relu', ...kernelInitializer(1) }),
      tf.layers.dense({ units: classCount, ...kernelInitializer(2) }),
    ],
  });
  const optimizer = tf.train.adam(1e-3);
  const size = values.length / labels.length;
  for (let epoch = 0; epoch < 4; epoch++) {
    for (let from = 0; from < labels.length; from += 100) {
      tf.tidy(() => {
        const some = labels.subarray(from, from + 100);
        const batch = values.slice(from * size, (from + some.length) * size);
        const x = tf.tensor(batch, [some.length, ...shape]);
        const y = tf.oneHot(tf.tensor1d(some, 'int32'), classCount);
        optimizer.minimize(() => tf.losses.softmaxCrossEntropy(y, model.apply(x) as tf.Tensor2D));
      });
    }
  }
  optimizer.dispose();
  return classifierOf(model);
}
