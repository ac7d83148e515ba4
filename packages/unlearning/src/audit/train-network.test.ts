import { openBackend } from '@lethe/compute';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { accuracy } from '../measures/accuracy.ts';
import type { RoundInput } from '../round.ts';
import { runRound } from '../run-round.ts';
import { type BlobTask, firstOf, logitsOf, roundOf, trainBlobTask } from '../testing/blob-task.ts';
import { trainNetwork } from './train-network.ts';

let task: BlobTask;
beforeAll(async () => {
  await openBackend({ prefer: 'js' });
  task = await trainBlobTask();
});

/** A network for the task with batch normalisation, whose running means are what no sample has. */
function normalised(mean: number) {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 24, inputShape: [8], useBias: false }),
      tf.layers.batchNormalization(),
      tf.layers.activation({ activation: 'relu' }),
      tf.layers.dense({ units: 4 }),
    ],
  });
  const frozen = model.getWeights().map((weight) => weight.dataSync<'float32'>().slice());
  frozen.at(-2)?.fill(mean);
  return { network: { ...task.network, model }, frozen };
}

const trained = ({ network, frozen }: ReturnType<typeof normalised>) =>
  trainNetwork(network, task.train, { epochs: 100, seed: 1, frozen });

it('trains batch normalisation by batches, and measures its running statistics at the end', async () => {
  const from = normalised(50);
  const weights = await trained(from);
  const logits = logitsOf({ ...task, network: from.network }, weights, task.test);
  expect(accuracy(logits, task.test.labels, 4)).toBeGreaterThan(0.75);
});

it('takes nothing over of the statistics there were', async () => {
  expect(await trained(normalised(50))).toEqual(await trained(normalised(-3)));
});

it('goes on unlearning from its own statistics, and not from those there were', async () => {
  const { network, frozen } = normalised(50);
  const settings = { epochs: 30 };
  const round = (changes: Partial<RoundInput>) =>
    runRound(roundOf({ ...task, network, weights: frozen }, { mode: 'untrain', ...changes }));
  const retain = firstOf(task.train, 152, 8);
  const retrained = await round({ method: 'retrain', settings, retain });
  expect(retrained.weights.at(-2)).not.toEqual(frozen.at(-2));
  const { weights } = retrained;
  await expect(round({ weights, originalWeights: frozen })).rejects.toThrow(
    /originalWeights\[5\]\[0\] = "50".*give the retrained weights as the original ones too/,
  );
  const after = await round({ weights, originalWeights: weights, forget: firstOf(task.train, 4) });
  expect(after.weights.at(-2)).toEqual(weights.at(-2));
  expect(retrained.metrics.forwardPasses).toBeGreaterThanOrEqual(152);
});

it('leaves nothing behind of what rounds have left of the network there was', async () => {
  const round = (changes: Partial<RoundInput>) => runRound(roundOf(task, changes));
  const earlier = await round({ settings: { retainBatch: 8, repairSteps: 1 } });
  expect(earlier.outcome).toBe('forgotten');
  const anew = { mode: 'untrain', method: 'retrain', settings: { epochs: 2 } } as const;
  const retain = firstOf(task.train, 152, 8);
  const { state } = await round({ ...anew, retain, state: earlier.state });
  expect(state).not.toEqual(earlier.state);
  expect(state).toEqual((await round({ ...anew, retain })).state);
});

it('trains on moved images where it is told to', async () => {
  const model = tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [8, 8, 1] }),
      tf.layers.dense({ units: 2, useBias: false }),
    ],
  });
  const preprocessing = { scale: 1, mean: [0], std: [1] };
  const network = { model, sampleShape: [8, 8, 1], classCount: 2, isImage: true, preprocessing };
  const frozen = model.getWeights().map((weight) => weight.dataSync<'float32'>().slice());
  // One pixel is lit, in the middle of the left or of the right half.
  const values = new Float32Array(2 * 64);
  for (const at of [4 * 8 + 1, 64 + 4 * 8 + 6]) values[at] = 1;
  const samples = { values, labels: Int32Array.of(0, 1) };
  const movedBy = async (augment: string) => {
    const plan = { seed: 1, frozen, augment };
    const [first, last] = [
      await trainNetwork(network, samples, { ...plan, epochs: 1 }),
      await trainNetwork(network, samples, { ...plan, epochs: 60 }),
    ];
    return [...(last[0] as Float32Array)]
      .map((value, i) => value - (first[0] as Float32Array)[i]!)
      .flatMap((change, i) => (change === 0 || i % 2 === 1 ? [] : [i / 2]));
  };
  expect(await movedBy('none')).toEqual([33, 38]);
  const around = [24, 25, 26, 29, 30, 31, 32, 33, 34, 37, 38, 39, 40, 41, 42, 45, 46, 47];
  expect(await movedBy('shift')).toEqual(around);
});

it('knows only the ways to augment there are', async () => {
  const { network, frozen } = normalised(0);
  const plan = { epochs: 1, seed: 1, frozen, augment: 'rotate' };
  await expect(trainNetwork(network, task.train, plan)).rejects.toThrow(
    /settings\.augment = "rotate".*none, shift, shift-and-mirror/,
  );
});
