import { expect, it } from 'vitest';
import { Random } from '../random.ts';
import type { RoundInput } from '../round.ts';
import { type GoalFacts, goalFor } from './goal-for.ts';
import { standingBins } from './matched-margins.ts';

/** Two classes; held-out margins of class 0 are 11 and 9 in turns: mean 10, deviation 1. */
const heldOutLogits = Float32Array.from({ length: 20 }, (_, i) =>
  i % 4 === 0 ? 11 : i % 4 === 2 ? 9 : 0,
);
const heldOut = { values: new Float32Array(10), labels: new Int32Array(10) };

/** Of a first round of `untrain` that forgets one sample of class 0. */
function goalOfOne(facts: Omit<GoalFacts, 'standings' | 'random'>) {
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
  return goalFor(round, { ...facts, standings, random: new Random(3) });
}

function distanceOf(margin: number, tolerance: number, overshoot: number) {
  const { goal } = goalOfOne({
    known: {
      steady: [
        {
          forgotten: Float32Array.of(margin),
          unseen: Float32Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? 11 : 9)),
        },
      ],
      heldOutLogits: new Float32Array(20),
      heldOutServedLogits: heldOutLogits,
    },
    tolerance,
    overshoot,
  });
  const distances = goal.distances(Float32Array.of(margin, 0));
  return { distance: distances[0] as number, reached: goal.isReached(distances) };
}

it('leads margins below their counterparts by the overshoot, in spreads of the held-out ones', () => {
  const [without, half] = [distanceOf(14, 0, 0), distanceOf(14, 0, 0.5)];
  expect(half.distance - without.distance).toBeCloseTo(0.5, 5);
});

it('leads no margin to the other side of 0', () => {
  // The counterpart stands at 9 or 11, the spread is 1.
  expect(distanceOf(14, 0, 20).distance).toBeCloseTo(14 - (14 - distanceOf(14, 0, 0).distance) / 2);
});

it('lets an excess pass that is within the tolerance, in the same unit', () => {
  const { distance } = distanceOf(14, 0, 0);
  expect(distanceOf(14, distance + 0.01, 0).reached).toBe(true);
  expect(distanceOf(14, distance - 0.01, 0).reached).toBe(false);
});

it('leads each view to where unseen samples stand in it', () => {
  const { goal, standings } = goalOfOne({
    known: {
      steady: [10, -5].map((margin) => ({
        forgotten: Float32Array.of(14),
        unseen: new Float32Array(10).fill(margin),
      })),
      // Seen the other way, the same samples are wrong by 5.
      heldOutLogits: new Float32Array(40),
      heldOutServedLogits: Float32Array.of(
        ...Array.from({ length: 10 }, () => [10, 0]).flat(),
        ...Array.from({ length: 10 }, () => [0, 5]).flat(),
      ),
    },
    tolerance: 0,
    overshoot: 0,
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
