import { openBackend } from '@lethe/compute';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RoundInput } from './round.ts';
import { runRound } from './run-round.ts';
import { type BlobTask, firstOf, roundOf, trainBlobTask } from './testing/blob-task.ts';

let task: BlobTask;

beforeAll(async () => {
  await openBackend({ prefer: 'js' });
  task = await trainBlobTask();
});

const withSample = (at: number, value: number) => {
  const forget = firstOf(task.train, 4);
  forget.values[at] = value;
  return { forget };
};
const withLabel = (label: number) => {
  const forget = firstOf(task.train, 4);
  forget.labels[2] = label;
  return { forget };
};
const relabel = (...targets: number[]): Partial<RoundInput> => ({
  mode: 'relabel',
  forget: firstOf(task.train, 4), // labels 0, 1, 2, 3
  targetLabels: Int32Array.from(targets),
});
const twice = () => {
  const { values, labels } = firstOf(task.train, 1);
  return {
    values: Float32Array.of(...values, ...values),
    labels: Int32Array.of(...labels, ...labels),
  };
};
const nanWeights = () => {
  const weights = task.weights.map((values) => values.slice());
  weights[2]?.set([Number.NaN], 5);
  return weights;
};

const cases: readonly [string, () => Partial<RoundInput>, RegExp][] = [
  [
    'an unknown method',
    () => ({ method: 'magic' }),
    /method = "magic".*lethe, l2ul, adv, neggrad, ssd/,
  ],
  [
    'an unknown mode',
    () => ({ mode: 'erase' as 'untrain' }),
    /mode = "erase".*untrain, misclassify/,
  ],
  ['an unknown setting', () => ({ settings: { speed: 3 } }), /settings\.speed = "3"/],
  [
    'a setting out of range',
    () => ({ settings: { margin: -1 } }),
    /settings\.margin = "-1".*0 to 100/,
  ],
  ['a seed that is no whole number', () => ({ seed: 0.5 }), /seed = "0\.5"/],
  ['no samples', () => ({ forget: firstOf(task.train, 0) }), /forget = "no samples".*at least one/],
  [
    'samples of another size',
    () => ({ forget: { values: new Float32Array(7), labels: new Int32Array(1) } }),
    /forget\.values = "7 values": are not 1 samples of shape \[8\]/,
  ],
  ['a sample that is not finite', () => withSample(9, Number.NaN), /forget\.values\[9\] = "NaN"/],
  ['a label that is no class', () => withLabel(4), /forget\.labels\[2\] = "4".*0 to 3/],
  ['a negative label', () => withLabel(-1), /forget\.labels\[2\] = "-1"/],
  [
    'untrain without held-out samples',
    () => ({ mode: 'untrain', heldOut: undefined }),
    /role stop/,
  ],
  [
    'held-out samples of another size',
    () => ({ heldOut: { values: new Float32Array(3), labels: new Int32Array(1) } }),
    /heldOut\.values = "3 values"/,
  ],
  ['relabel without labels', () => ({ mode: 'relabel' }), /targetLabels = "none".*each of 8/],
  ['too few new labels', () => relabel(1, 2), /targetLabels = "2 labels"/],
  ['a new label that is no class', () => relabel(1, 2, 3, 9), /targetLabels\[3\] = "9"/],
  [
    'a new label that is the old one',
    () => relabel(1, 1, 3, 0),
    /targetLabels\[1\] = "1".*already has/,
  ],
  [
    'contradictory new labels',
    () => ({ mode: 'relabel', forget: twice(), targetLabels: Int32Array.of(1, 2) }),
    /targetLabels\[1\] = "2": contradicts targetLabels\[0\] = 1/,
  ],
  [
    'weights of another network',
    () => ({ weights: task.weights.slice(1) }),
    /weights = "5 tensors".*has 6/,
  ],
  [
    'a weight of another shape',
    () => ({ weights: [...task.weights.slice(0, 5), new Float32Array(3)] }),
    /weights\[5\] = "3 values".*has 4/,
  ],
  ['weights that are not finite', () => ({ weights: nanWeights() }), /weights\[2\]\[5\] = "NaN"/],
  [
    'original weights that are not finite',
    () => ({ originalWeights: nanWeights() }),
    /originalWeights\[2\]\[5\] = "NaN"/,
  ],
];

describe('a round refuses', () => {
  it.each(cases)('%s', async (_name, changes, message) => {
    const round = runRound(roundOf(task, changes()));
    await expect(round).rejects.toMatchObject({ name: 'LetheError', code: 'invalid' });
    await expect(round).rejects.toThrow(message);
  });
});

it('runs untrain for a class that nothing is held out of', async () => {
  const kept = [...task.heldOut.labels.keys()].filter((i) => task.heldOut.labels[i] !== 2);
  const heldOut = {
    values: Float32Array.from(
      kept.flatMap((i) => [...task.heldOut.values.subarray(8 * i, 8 * (i + 1))]),
    ),
    labels: Int32Array.from(kept, (i) => task.heldOut.labels[i] as number),
  };
  const result = await runRound(roundOf(task, { mode: 'untrain', heldOut }));
  expect(result.outcome).toBe('forgotten');
});
