import { openBackend } from '@lethe/compute';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type LeadBand, outsideBand } from '../losses/lead-band.ts';
import { misclassifyGoal } from './misclassify.ts';
import { relabelGoal } from './relabel.ts';
import { untrainGoal } from './untrain.ts';

beforeAll(() => openBackend({ prefer: 'js' }));

const labels = Int32Array.of(0, 1);
/** Margins of labels 0 and 1: 2 − 0.5 = 1.5, and 0 − 3 = −3. */
const logits = Float32Array.of(2, 0.5, -1, 3, 0, 1);
const all = Int32Array.of(0, 1);

function gradientOf(
  goal: { loss(z: tf.Tensor2D, s: Int32Array, b: LeadBand): tf.Scalar },
  margin = 1,
  slack = 100,
) {
  return tf.tidy(() => [
    ...tf
      .grad((z: tf.Tensor) => goal.loss(z as tf.Tensor2D, all, bandOf(margin, slack)))(
        tf.tensor2d(logits, [2, 3]),
      )
      .dataSync(),
  ]);
}

function bandOf(margin: number, slack: number): LeadBand {
  return { margins: Float32Array.of(margin, margin), slack };
}

describe('misclassify', () => {
  const goal = misclassifyGoal(labels, 3);

  it('is reached when no sample is given its label', () => {
    expect([...goal.distances(logits)]).toEqual([1.5, 0]);
    expect(goal.isReached(goal.distances(logits))).toBe(false);
    expect(goal.isReached(goal.distances(Float32Array.of(0, 1, 0, 3, 0, 1)))).toBe(true);
  });

  it('is not reached by a tie, nor by logits that are not numbers', () => {
    expect(goal.isReached(goal.distances(Float32Array.of(1, 1, 0, 3, 0, 1)))).toBe(false);
    expect(goal.isReached(goal.distances(Float32Array.of(Number.NaN, 1, 0, 3, 0, 1)))).toBe(false);
  });

  it('pushes the label down and its rival up, each by 1/n, and nothing that is past the margin', () => {
    // Sample 0: d/dz of (z_0 − z_1 + 1)/2. Sample 1 stands at −3 < −1.
    expect(gradientOf(goal)).toEqual([0.5, -0.5, 0, 0, 0, 0]);
    // With a margin of 4 sample 1 is pushed too: (z_1 − z_0 + 4)/2.
    expect(gradientOf(goal, 4)).toEqual([0.5, -0.5, 0, -0.5, 0.5, 0]);
  });

  it('takes no sample for a class that is lost', () => {
    const without = misclassifyGoal(labels, 3, [1]);
    // Sample 0 has label 2 left, at −1; sample 1 is of the lost class, and taken for 0 already.
    expect([...without.distances(logits)]).toEqual([3, 0]);
    expect(gradientOf(without)).toEqual([0.5, 0, -0.5, 0, 0, 0]);
    expect([...(without.leads?.(logits, all) ?? [])]).toEqual([-3, 3]);
  });

  it('leads back what is farther beyond the margin than the slack', () => {
    // Sample 1 leads by 3: within 1 + 3, and 1 too far beyond 1 + 1.
    expect(gradientOf(goal, 1, 3)).toEqual([0.5, -0.5, 0, 0, 0, 0]);
    expect(gradientOf(goal, 1, 1)).toEqual([0.5, -0.5, 0, 0.5, -0.5, 0]);
    const leads = goal.leads!(logits, all);
    expect([...leads]).toEqual([-1.5, 3]);
    const pressure = (slack = 100) => [...outsideBand(leads, all, bandOf(1, slack))];
    expect(pressure()).toEqual([2.5, -2]);
    expect(pressure(3)).toEqual([2.5, -1]);
    expect(pressure(1)).toEqual([2.5, 1]);
  });

  it('asks of each sample its own lead, whatever others a batch holds', () => {
    // Sample 1, alone in the batch, leads by 3: 1 short of its own 4, and 2 beyond the 1 of sample 0.
    const band = { margins: Float32Array.of(1, 4), slack: 100 };
    const [alone, own] = [tf.tensor2d(logits.slice(3), [1, 3]), Int32Array.of(1)];
    expect(goal.loss(alone, own, band).dataSync()[0]).toBe(1);
    expect([...outsideBand(goal.leads!(logits.slice(3), own), own, band)]).toEqual([1]);
  });

  it('judges a part of the samples by their own labels', () => {
    expect([...goal.distances(logits.slice(3), Int32Array.of(1))]).toEqual([0]);
    expect([...goal.distances(logits.slice(3), Int32Array.of(0))]).toEqual([2]);
  });
});

describe('relabel', () => {
  const goal = relabelGoal(Int32Array.of(1, 0), 3);

  it('is reached when every sample is given its new label', () => {
    // New label 1 trails by 1.5 in sample 0; new label 0 leads by 2 in sample 1.
    expect([...goal.distances(logits)]).toEqual([1.5, 0]);
    expect(goal.isReached(goal.distances(Float32Array.of(0, 1, 0, 3, 0, 1)))).toBe(true);
    expect(goal.isReached(goal.distances(Float32Array.of(1, 1, 0, 3, 0, 1)))).toBe(false);
  });

  it('pushes the new label up until it leads by the margin', () => {
    expect(gradientOf(goal)).toEqual([0.5, -0.5, 0, 0, 0, 0]);
  });

  it('leads back a new label that leads by more than margin and slack', () => {
    // Sample 0 trails as above; in sample 1 the new label 0 leads label 2 by 2.
    expect(gradientOf(goal, 1, 0.5)).toEqual([0.5, -0.5, 0, 0.5, 0, -0.5]);
    expect([...goal.leads!(logits, all)]).toEqual([-1.5, 2]);
  });
});

/** Known better than their counterparts, unless it is said how well. */
function samplesAt(labels: Int32Array, counterparts: readonly number[], served?: number[]) {
  return {
    labels,
    counterparts: Float32Array.from(counterparts),
    served: Float32Array.from(served ?? counterparts.map(() => 1000)),
  };
}

describe('untrain', () => {
  /** Targets 1 and −4: excesses 0.5 and 1. */
  const goal = (tolerance: number, reach = 1) =>
    untrainGoal(samplesAt(labels, [1, -4]), 3, { tolerance, reach });

  it('is reached when the mean excess over the targets is within the tolerance', () => {
    expect([...goal(0).distances(logits)]).toEqual([0.5, 1]);
    const distances = Float32Array.of(0.5, 1);
    expect(goal(0.75).isReached(distances)).toBe(true);
    expect(goal(0.74).isReached(distances)).toBe(false);
  });

  it('is not reached while samples are right whose counterparts are wrong, but for one in ten', () => {
    const reachedWith = (toBeWrong: number, stillRight: number) => {
      const k = 50;
      const targets = Array.from({ length: k }, (_, i) => (i < toBeWrong ? -1 : 2));
      const margins = targets.map((target, i) => (i < stillRight ? 0.5 : target));
      // Those that are wrong already, with counterparts that are right, are not counted.
      const served = targets.map((_, i) => (i < 30 ? 1000 : -1));
      const samples = samplesAt(new Int32Array(k), targets, served);
      const goal = untrainGoal(samples, 2, { tolerance: 2, reach: 1 });
      const logits = Float32Array.from({ length: 2 * k }, (_, i) => (i % 2 ? 0 : margins[i / 2]!));
      return goal.isReached(goal.distances(logits));
    };
    expect(reachedWith(9, 0)).toBe(true);
    expect(reachedWith(9, 1)).toBe(false);
    expect(reachedWith(10, 1)).toBe(true);
    expect(reachedWith(10, 2)).toBe(false);
  });

  it('does not let samples below their target make up for others', () => {
    const samples = samplesAt(labels, [1, 100]);
    const below = untrainGoal(samples, 3, { tolerance: 0, reach: 1 });
    expect([...below.distances(logits)]).toEqual([0.5, 0]);
  });

  it('leads nobody above where the served network has it', () => {
    const samples = samplesAt(labels, [1, -2], [0, -3.5]);
    const capped = untrainGoal(samples, 3, { tolerance: 0, reach: 1 });
    expect([...capped.distances(logits)]).toEqual([1.5, 0.5]);
  });

  it('leads moved copies down only', () => {
    // Margins 1.5, which is 0.5 above its target, and −3, which is 2 below.
    const above = untrainGoal(samplesAt(labels, [1, -1]), 3, { tolerance: 0, reach: 1 });
    const gradient = (copies: number) =>
      tf.tidy(() => [
        ...tf
          .grad((z: tf.Tensor) =>
            above.loss(z as tf.Tensor2D, Int32Array.of(0, 1), bandOf(0, 0), copies),
          )(tf.tensor2d(logits, [2, 3]))
          .dataSync(),
      ]);
    expect(gradient(0)).toEqual([0.25, -0.25, 0, 0.5, -0.5, 0]);
    expect(gradient(1)).toEqual([0.25, -0.25, 0, 0, 0, 0]);
    expect(gradient(2)).toEqual([0.25, -0.25, 0, 0, 0, 0]);
  });

  it('pulls each margin to its target, no harder than from its reach: min(reach, |d|) sign(d)/n per logit', () => {
    expect(gradientOf(goal(0))).toEqual([0.25, -0.25, 0, -0.5, 0.5, 0]);
    expect(gradientOf(goal(0, 0.75))).toEqual([0.25, -0.25, 0, -0.375, 0.375, 0]);
  });

  it('is not reached by logits that are not numbers', () => {
    const distances = goal(1).distances(new Float32Array(6).fill(Number.NaN));
    expect(goal(1).isReached(distances)).toBe(false);
  });
});
