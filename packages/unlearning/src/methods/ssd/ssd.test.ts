import { openBackend } from '@lethe/compute';
import { beforeAll, describe, expect, it } from 'vitest';
import { accuracy } from '../../measures/accuracy.ts';
import type { LabelledSamples } from '../../round.ts';
import { runRound } from '../../run-round.ts';
import { type BlobTask, logitsOf, roundOf, trainBlobTask } from '../../testing/blob-task.ts';
import { dampen } from './dampen.ts';

let task: BlobTask;
beforeAll(async () => {
  await openBackend({ prefer: 'js' });
  task = await trainBlobTask();
});

const rightOf = (weights: readonly Float32Array[], samples: LabelledSamples) =>
  accuracy(logitsOf(task, weights, samples), samples.labels, 4);

/** Weights that matter for one class can be told from the others' by importance. */
function ofLabel(label: number, k: number): LabelledSamples {
  const { values, labels } = task.train;
  const rows = [...labels.keys()].filter((i) => labels[i] === label).slice(0, k);
  return {
    values: Float32Array.from(rows.flatMap((i) => [...values.subarray(8 * i, 8 * (i + 1))])),
    labels: new Int32Array(k).fill(label),
  };
}

describe('dampening', () => {
  it('multiplies what matters more for the forget set by λ I_ref/I_f, and nothing else', () => {
    // Ratios 4, 2, 1 and ∞ against α = 2: more than α is dampened, α itself is not.
    const theta = Float32Array.of(8, 8, 8, 8);
    const own = Float32Array.of(4, 2, 1, 3);
    const kept = Float32Array.of(1, 1, 1, 0);
    expect([...dampen(theta, own, kept, { selection: 2, dampening: 1 })]).toEqual([2, 8, 8, 0]);
    expect([...dampen(theta, own, kept, { selection: 2, dampening: 0.5 })]).toEqual([1, 8, 8, 0]);
  });

  it('never makes a weight greater', () => {
    const theta = Float32Array.of(8);
    const options = { selection: 0.1, dampening: 1 };
    expect([...dampen(theta, Float32Array.of(1), Float32Array.of(5), options)]).toEqual([8]);
  });
});

describe('a round of ssd', () => {
  it('forgets without a training step, without labels of what stays', async () => {
    const forget = ofLabel(0, 8);
    const heldOut = { ...task.heldOut, labels: new Int32Array(task.heldOut.labels.length) };
    const result = await runRound(roundOf(task, { method: 'ssd', forget, heldOut }));
    expect(result.outcome).toBe('forgotten');
    expect(rightOf(result.weights, forget)).toBe(0);
    expect(result.metrics.trainingPasses).toBe(8 + 64 + 8); // importance, and the ledger's own
  });

  it('does without held-out samples', async () => {
    const round = roundOf(task, { method: 'ssd', heldOut: undefined });
    const first = await runRound(round);
    expect(['forgotten', 'not_converged']).toContain(first.outcome);
    expect((await runRound(round)).weights).toEqual(first.weights);
  });

  it('takes no α below the floor', async () => {
    const settings = { selection: 1e6, selectionFloor: 9e5 };
    const result = await runRound(roundOf(task, { method: 'ssd', settings }));
    expect(result.outcome).toBe('not_converged');
    expect(result.metrics.steps).toBe(2); // 10⁶ and 9 · 10⁵
    expect(result.weights).toEqual(task.weights);
  });
});
