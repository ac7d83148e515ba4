import { expect, it } from 'vitest';
import { intervalRange } from './interval-range.ts';

it('reaches over value, interval and the bounds that are near, with a margin', () => {
  // 0 … 10, and 8 % of it on both sides.
  expect(intervalRange({ value: 5, interval: [4, 6], bounds: [0, 10] })).toEqual([-0.8, 10.8]);
});

it('leaves out a bound that is far away, but never both', () => {
  const [, high] = intervalRange({ value: 5, interval: [4, 6], bounds: [0, 1e6] });
  expect(high).toBeLessThan(7);
  const [low] = intervalRange({ value: 5, interval: [4, 6], bounds: [-1e6, 2e6] });
  expect(low).toBeLessThan(-1e6);
});

it('has a width where all figures are one', () => {
  const [low, high] = intervalRange({ value: 0, interval: [0, 0], bounds: [0, 0] });
  expect(high).toBeGreaterThan(low);
});
