import { classifierOf } from '@lethe/models';
import { Random } from '@lethe/unlearning';
import { checkForgettable } from './check-forgettable.ts';
import type { BenchTask, CifarTaskOptions } from './cifar-task.ts';
import { trainMnistNetwork } from './mnist-network.ts';
import { range, rowsOf } from './rows.ts';
import { readFixedMnist } from './small-network.ts';

/** MNIST and a small network that knows 5,000 images by heart; the same roles as on CIFAR-10. */
export async function loadMnistTask(
  dataDir: string,
  { sizes, seed, shuffled = 0, order = 0 }: Omit<CifarTaskOptions, 'folded' | 'retainCount'>,
): Promise<BenchTask> {
  const train = await readFixedMnist(dataDir, 'train', trainCount);
  const test = await readFixedMnist(dataDir, 'test', heldOutCount + otherTestCount);
  const eligible = trainCount - otherTrainCount;
  const total = sizes.reduce((sum, size) => sum + size, 0);
  checkForgettable(total, eligible);
  const chosen = new Random(seed).fork('forget').permutation(eligible);
  if (order > 0) {
    const first = chosen.slice(0, shuffled);
    const places = new Random(order).fork('order').permutation(shuffled);
    for (const [to, from] of places.entries()) chosen[to] = first[from] as number;
  }
  let from = 0;
  const forgetSets = sizes.map((size) => {
    from += size;
    return rowsOf(train, chosen.slice(from - size, from));
  });
  return {
    classifier: classifierOf(trainMnistNetwork(train, 15)),
    forgetSets,
    retain: undefined,
    heldOut: rowsOf(test, range(0, heldOutCount)),
    otherTest: rowsOf(test, range(heldOutCount, heldOutCount + otherTestCount)),
    otherTrain: rowsOf(train, range(eligible, trainCount)),
  };
}

const trainCount = 5000;
const otherTrainCount = 1000;
const heldOutCount = 1000;
const otherTestCount = 4000;
