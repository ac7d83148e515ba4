import { expect, it } from 'vitest';
import { medianOfPairs } from './median-of-pairs.ts';

it("states the sign test's interval: of ten, from the second to the ninth", () => {
  const differences = [7, 1, 10, 4, 2, 9, 3, 8, 5, 6];
  expect(medianOfPairs(differences)).toEqual({ median: 5.5, interval: [2, 9] });
});

it('has no ends where five pairs cannot show anything', () => {
  const { interval } = medianOfPairs([1, 2, 3, 4, 5]);
  expect(interval).toEqual([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
});
