import { join } from 'node:path';
import { type Dataset, openDataset } from '@lethe/datasets';
import { type Classifier, classifierOf, foldBatchNorm, importTorchResNet } from '@lethe/models';
import { type LabelledSamples, Random } from '@lethe/unlearning';
import { checkForgettable } from './check-forgettable.ts';

/** A network, and which images play which part. */
export interface BenchTask {
  readonly classifier: Classifier;
  /** One forget set for each round. */
  readonly forgetSets: readonly LabelledSamples[];
  /** 1,000 test images, role `stop`: rounds may use them. */
  readonly heldOut: LabelledSamples;
  /** Other test images: what is reported is never used. */
  readonly otherTest: LabelledSamples;
  /** Training images that stay, apart from those; only where some were asked for. */
  readonly retain: LabelledSamples | undefined;
  /** Training images that are never forgotten, the same for every seed. */
  readonly otherTrain: LabelledSamples;
}

export interface CifarTaskOptions {
  /** Batch normalisation folded into the convolutions. */
  readonly folded: boolean;
  /** Images of each round; their sum and the seed say which images are used. */
  readonly sizes: readonly number[];
  readonly seed: number;
  /** Training images that stay, for methods that learn on some. */
  readonly retainCount?: number;
  /** The first so many images come in the order that `order` says: other rounds, same images. */
  readonly shuffled?: number;
  readonly order?: number;
}

export async function loadCifarTask(
  dataDir: string,
  { folded, sizes, seed, shuffled = 0, order = 0, retainCount = 0 }: CifarTaskOptions,
): Promise<BenchTask> {
  const imported = await importTorchResNet(join(dataDir, 'weights/resnet20-12fca82f.th'));
  const classifier = folded
    ? classifierOf(await foldBatchNorm(imported.model), imported.preprocessing)
    : imported;
  const path = join(dataDir, 'cifar-10-batches-bin');
  const train = await openDataset({ kind: 'cifar10-binary', path, split: 'train', options: {} });
  const test = await openDataset({ kind: 'cifar10-binary', path, split: 'test', options: {} });
  try {
    const fixed = new Random(20_240_115);
    const trainRows = fixed.fork('train').permutation(train.size);
    const testRows = fixed.fork('test').permutation(test.size);
    const eligible = trainRows.slice(otherTrainCount);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    checkForgettable(total, eligible.length - retainCount);
    const chosen = new Random(seed).fork('forget').permutation(eligible.length);
    const forgetRows = chosen.map((i) => eligible[i] as number);
    if (order > 0) shuffleFirst(forgetRows, shuffled, new Random(order).fork('order'));
    const forgetSets: LabelledSamples[] = [];
    let from = 0;
    for (const size of sizes) {
      forgetSets.push(await readRows(train, forgetRows.slice(from, from + size)));
      from += size;
    }
    return {
      classifier,
      forgetSets,
      retain:
        retainCount === 0
          ? undefined
          : await readRows(train, forgetRows.slice(forgetRows.length - retainCount)),
      heldOut: await readRows(test, testRows.slice(0, heldOutCount)),
      otherTest: await readRows(test, testRows.slice(heldOutCount)),
      otherTrain: await readRows(train, trainRows.slice(0, otherTrainCount)),
    };
  } finally {
    await train[Symbol.asyncDispose]();
    await test[Symbol.asyncDispose]();
  }
}

const otherTrainCount = 5000;
const heldOutCount = 1000;

function shuffleFirst(rows: Int32Array, count: number, random: Random): void {
  const first = rows.slice(0, count);
  for (const [to, from] of random.permutation(count).entries()) rows[to] = first[from] as number;
}

/** Rows are read in ascending order: neighbours are read together. */
async function readRows(dataset: Dataset, rows: Int32Array): Promise<LabelledSamples> {
  return dataset.read(rows.toSorted());
}
