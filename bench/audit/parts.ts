import { type LabelledSamples, type Network, Random } from '@lethe/unlearning';
import { residualNetwork } from '../unlearning/residual-network.ts';
import { range, rowsOf } from '../unlearning/rows.ts';
import { readRandom, smallNetwork } from '../unlearning/small-network.ts';
import { type AuditArguments, residualBlocks } from './arguments.ts';

/** A network that is yet to be trained, and which images play which part. */
export interface AuditParts {
  readonly network: Network;
  /** All training images. */
  readonly train: LabelledSamples;
  /** One forget set for each round. */
  readonly rounds: readonly LabelledSamples[];
  /** Rows of `train` that are in them. */
  readonly forgetRows: Int32Array;
  /** Training images that stay. */
  readonly retain: LabelledSamples;
  readonly heldOut: LabelledSamples;
  readonly test: LabelledSamples;
}

const testCount = 4000;

/** All of it is chosen by chance, by the seed. */
export async function loadParts(args: AuditArguments): Promise<AuditParts> {
  const { data, dataDir, train: trainCount, unseen: unseenSplit, heldOut, k, seed } = args;
  const unseenCount = heldOut + testCount;
  const read = (split: 'train' | 'test', count: number) =>
    readRandom(dataDir, data, split, count, new Random(seed).fork(split));
  const ofTraining = await read('train', trainCount + (unseenSplit === 'train' ? unseenCount : 0));
  const train = rowsOf(ofTraining, range(0, trainCount));
  const unseen =
    unseenSplit === 'train'
      ? rowsOf(ofTraining, range(trainCount, trainCount + unseenCount))
      : await read('test', unseenCount);
  const order = new Random(seed).fork('forget').permutation(trainCount);
  const forgetRows = order.slice(0, args.rounds * k);
  return {
    network: networkOf(args),
    train,
    rounds: Array.from({ length: args.rounds }, (_, i) =>
      rowsOf(train, forgetRows.slice(i * k, (i + 1) * k)),
    ),
    forgetRows,
    retain: rowsOf(train, order.slice(forgetRows.length)),
    heldOut: rowsOf(unseen, range(0, heldOut)),
    test: rowsOf(unseen, range(heldOut, unseenCount)),
  };
}

function networkOf({ network, data }: AuditArguments): Network {
  const small = smallNetwork(data);
  const { sampleShape } = small;
  const blocks = residualBlocks[network];
  const model =
    blocks === undefined ? small.model : residualNetwork({ blocks, sampleShape, normalised: true });
  return { ...small, model };
}
