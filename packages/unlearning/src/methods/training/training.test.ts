import { openBackend } from '@lethe/compute';
import { beforeAll, describe, expect, it } from 'vitest';
import { accuracy } from '../../measures/accuracy.ts';
import { Random } from '../../random.ts';
import type { LabelledSamples, RoundInput } from '../../round.ts';
import { runRound } from '../../run-round.ts';
import {
  type BlobTask,
  firstOf,
  logitsOf,
  roundOf,
  trainBlobTask,
} from '../../testing/blob-task.ts';
import { freshWeights } from '../retrain/fresh-weights.ts';

let task: BlobTask;
beforeAll(async () => {
  await openBackend({ prefer: 'js' });
  task = await trainBlobTask();
});

const rightOf = (weights: readonly Float32Array[], samples: LabelledSamples) =>
  accuracy(logitsOf(task, weights, samples), samples.labels, 4);

/** Forgets the first 8 of the training samples and keeps the rest. */
const roundWith = (method: string, changes: Partial<RoundInput> = {}) =>
  roundOf(task, {
    method,
    mode: 'untrain',
    forget: firstOf(task.train, 8),
    retain: firstOf(task.train, 152, 8),
    ...changes,
  });

describe('finetune', () => {
  it('forgets by neglect and keeps what it trains on', async () => {
    const settings = { epochs: 200, learningRate: 5e-3, weightDecay: 0.01 };
    const round = roundWith('finetune', { settings });
    const result = await runRound(round);
    expect(result.outcome).toBe('forgotten');
    expect(rightOf(result.weights, round.retain as LabelledSamples)).toBeGreaterThan(0.9);
    expect(result.metrics.steps % Math.ceil(152 / 64)).toBe(0); // whole epochs
  });

  it('says so when the epochs do not suffice', async () => {
    const result = await runRound(roundWith('finetune', { settings: { epochs: 1 } }));
    expect(result.outcome).toBe('not_converged');
  });
});

describe('retrain', () => {
  it('starts from nothing and learns what stays', async () => {
    const settings = { epochs: 40, learningRate: 1e-2 };
    const result = await runRound(roundWith('retrain', { settings }));
    expect(result.outcome).toBe('forgotten');
    expect(rightOf(result.weights, task.test)).toBeGreaterThan(0.85);
  });

  it('takes nothing over from the network that was served', async () => {
    const settings = { epochs: 1 };
    const other = task.weights.map((values) => values.map((value) => value + 0.01));
    const anew = (weights: Float32Array[]) =>
      runRound(roundWith('retrain', { settings, weights, originalWeights: task.weights }));
    const [one, two] = [await anew(task.weights), await anew(other)];
    expect(one.weights).toEqual(two.weights);
  });

  it('draws kernels with variance 2 over their inputs; scales are 1, biases 0', () => {
    const segments = [
      { name: 'conv/kernel', shape: [3, 3, 16, 32], from: 0, to: 4608 },
      { name: 'norm/gamma_1', shape: [32], from: 4608, to: 4640 },
      { name: 'norm/beta', shape: [32], from: 4640, to: 4672 },
    ];
    const theta = freshWeights(segments, new Random(1));
    const variance = theta.subarray(0, 4608).reduce((sum, w) => sum + w * w, 0) / 4608;
    // Four standard errors of a variance of 2/144: 2/144 · √(2/4608) · 4.
    expect(Math.abs(variance - 2 / 144)).toBeLessThan(0.0012);
    expect([...theta.subarray(4608)]).toEqual([...Array(32).fill(1), ...Array(32).fill(0)]);
  });

  it('counts one channel for kernels that see one', () => {
    const name = 'depthwise/depthwise_kernel';
    const theta = freshWeights([{ name, shape: [3, 3, 512, 1], from: 0, to: 4608 }], new Random(1));
    const variance = theta.reduce((sum, w) => sum + w * w, 0) / 4608;
    // Four standard errors of a variance of 2/9.
    expect(Math.abs(variance - 2 / 9)).toBeLessThan(0.0186);
  });

  it('is run though the samples are where they should be already', async () => {
    const neverSeen = firstOf(task.heldOut, 8);
    const settings = { epochs: 1 };
    const result = await runRound(roundWith('retrain', { forget: neverSeen, settings }));
    expect(result.outcome).toBe('forgotten');
    expect(result.weights).not.toEqual(task.weights);
  });
});

describe('samples that stay', () => {
  it('are needed', async () => {
    const { retain: _, ...without } = roundWith('finetune');
    await expect(runRound(without)).rejects.toThrow(/retain = "none".*lethe, l2ul, ssd/);
  });

  it('hold nothing that is to be forgotten', async () => {
    const round = roundWith('retrain', { retain: firstOf(task.train, 20, 5) });
    await expect(runRound(round)).rejects.toThrow(/retain\[0\] = "the same as forget\[5\]"/);
  });

  it('hold none of several that are to be forgotten and begin alike', async () => {
    const forget = firstOf(task.train, 4);
    // The first and the last feature decide; all others are 0.
    forget.values.fill(0);
    for (const i of [0, 1, 2, 3]) forget.values[8 * i + 7] = i;
    const retain = { values: forget.values.slice(8, 16), labels: Int32Array.of(1) };
    await expect(runRound(roundWith('retrain', { forget, retain }))).rejects.toThrow(
      /retain\[0\] = "the same as forget\[1\]"/,
    );
  });

  it('are of the size and classes of the network', async () => {
    const retain = firstOf(task.train, 3, 8);
    retain.labels[1] = 9;
    await expect(runRound(roundWith('finetune', { retain }))).rejects.toThrow(
      /retain\.labels\[1\] = "9"/,
    );
  });
});
