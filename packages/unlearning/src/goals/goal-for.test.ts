import { openBackend } from '@lethe/compute';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { Random } from '../random.ts';
import type { RoundInput } from '../round.ts';
import { type GoalFacts, goalFor } from './goal-for.ts';
import { standingBins } from './matched-margins.ts';

beforeAll(() => openBackend({ prefer: 'js' }));

const noBand = { margins: new Float32Array(1), slack: 0 };

/** Two classes; held-out margins of class 0 are 11 and 9 in turns: mean 10, deviation 1. */
const heldOutLogits = Float32Array.from({ length: 20 }, (_, i) =>
  i % 4 === 0 ? 11 : i % 4 === 2 ? 9 : 0,
);
const heldOut = { values: new Float32Array(10), labels: new Int32Array(10) };

/** Of a first round of `untrain` that forgets one sample of class 0. */
function goalOfOne(facts: Omit<GoalFacts, 'standings' | 'lostClasses' | 'random'>) {
  const round = {
    mode: 'untrain',
    forget: { values: new Float32Array(1), labels: new Int32Array(1) },
    heldOut,
    network: { classCount: 2 },
  } as unknown as RoundInput;
  const standings = {
    places: new Float32Array(2 * standingBins),
    classes: new Float32Array(2),
  };
  return goalFor(round, { ...facts, standings, lostClasses: [], random: new Random(3) });
}

/** Of one sample that the original network has at 14, and the served one at `served`. */
function goalAmong(
  heldOutServedLogits: Float32Array,
  {
    served = 14,
    tolerance = 0,
    original = heldOutServedLogits,
  }: {
    readonly served?: number;
    readonly tolerance?: number;
    readonly original?: Float32Array;
  } = {},
) {
  const unseen = Float32Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? 11 : 9));
  const { goal } = goalOfOne({
    known: {
      steady: [{ forgotten: Float32Array.of(14), unseen }],
      heldOutLogits: original,
      heldOutServedLogits,
    },
    served: Float32Array.of(served, 0),
    tolerance,
  });
  return goal;
}

function distanceOf(margin: number, tolerance: number, served = 14) {
  const goal = goalAmong(heldOutLogits, { served, tolerance });
  const distances = goal.distances(Float32Array.of(margin, 0));
  return { distance: distances[0] as number, reached: goal.isReached(distances) };
}

it('leads no margin above where the served network has it', () => {
  // Its counterpart stands at 9, in this round of one sample.
  expect(distanceOf(14, 0, 14).distance).toBeCloseTo(5);
  expect(distanceOf(14, 0, 10).distance).toBeCloseTo(5);
  expect(distanceOf(14, 0, 8).distance).toBeCloseTo(6);
});

it('pulls a margin the harder the farther it is, up to 0.3 spreads', () => {
  const goal = goalAmong(heldOutLogits);
  const lossAt = (margin: number) =>
    goal.loss(tf.tensor2d([[margin, 0]]), Int32Array.of(0), noBand).dataSync()[0] as number;
  // To 9; the spread is 1.
  const pull = (excess: number) => (lossAt(9 + excess + 0.01) - lossAt(9 + excess - 0.01)) / 0.02;
  expect([0.1, 0.2, 0.31, 2].map((excess) => pull(excess).toFixed(2))).toEqual([
    '0.10',
    '0.20',
    '0.30',
    '0.30',
  ]);
});

it('pulls where held-out samples are all alike', () => {
  const alike = Float32Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 10 : 0));
  const goal = goalAmong(alike);
  const pulled = goal.loss(tf.tensor2d([[10.1, 0]]), Int32Array.of(0), noBand);
  expect(pulled.dataSync()[0]).toBeCloseTo(0.005);
  // One logit stands in for their spread.
  const tolerant = goalAmong(alike, { tolerance: 0.5 });
  expect(tolerant.isReached(tolerant.distances(Float32Array.of(10.49, 0)))).toBe(true);
  expect(tolerant.isReached(tolerant.distances(Float32Array.of(10.51, 0)))).toBe(false);
});

it('goes by held-out samples that no round was held on', () => {
  // The original network had all at 10. Those that are only looked at have 8 now, the others 10.
  const original = Float32Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 10 : 0));
  const served = original.map((value, i) => (i % 4 === 0 ? value - 2 : value));
  const goal = goalAmong(served, { original });
  expect(goal.distances(Float32Array.of(14, 0))[0]).toBeCloseTo(6);
});

it('lets an excess pass that is within the tolerance, in the same unit', () => {
  const { distance } = distanceOf(14, 0);
  expect(distanceOf(14, distance + 0.01).reached).toBe(true);
  expect(distanceOf(14, distance - 0.01).reached).toBe(false);
});

it('leads each view to where unseen samples stand in it', () => {
  // Seen the other way, the same samples are wrong by 5.
  const heldOutLogits = Float32Array.of(
    ...Array.from({ length: 10 }, () => [10, 0]).flat(),
    ...Array.from({ length: 10 }, () => [0, 5]).flat(),
  );
  const { goal, standings } = goalOfOne({
    known: {
      steady: [10, -5].map((margin) => ({
        forgotten: Float32Array.of(14),
        unseen: new Float32Array(10).fill(margin),
      })),
      heldOutLogits,
      heldOutServedLogits: heldOutLogits,
    },
    served: Float32Array.of(14, 0, 14, 0),
    tolerance: 0,
  });
  const distances = goal.distances(Float32Array.of(14, 0, 14, 0));
  expect([...distances]).toEqual([4, 19]);
  expect([...goal.labels]).toEqual([0, 0]);
  // Above all that are unseen, either way.
  const { places, classes } = standings;
  expect([places[standingBins - 1], places[2 * standingBins - 1]]).toEqual([1, 1]);
  expect([...classes]).toEqual([1, 0]);
  expect(goal.isReached(goal.distances(Float32Array.of(10, 0, 14, 0)))).toBe(false);
  expect(goal.isReached(goal.distances(Float32Array.of(10, 0, 0, 5)))).toBe(true);
});
