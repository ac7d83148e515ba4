import { expect, test } from 'vitest';
import { binomialAtLeast, binomialAtMost } from './binomial.ts';

test('tails agree with values worked out by hand', () => {
  // X ~ B(3, 1/2): P(X ≤ 1) = 1/8 + 3/8; P(X ≥ 3) = 1/8.
  expect(binomialAtMost(1, 3, 0.5)).toBeCloseTo(0.5, 12);
  expect(binomialAtLeast(3, 3, 0.5)).toBeCloseTo(0.125, 12);
  // X ~ B(2, 0.9): P(X ≤ 1) = 1 − 0.81.
  expect(binomialAtMost(1, 2, 0.9)).toBeCloseTo(0.19, 12);
  // X ~ B(64, 0.947): P(X = 64) = 0.947^64.
  expect(binomialAtLeast(64, 64, 0.947)).toBeCloseTo(0.947 ** 64, 12);
});

test('certain and impossible outcomes are exact', () => {
  expect(binomialAtMost(-1, 5, 0.3)).toBe(0);
  expect(binomialAtMost(5, 5, 0.3)).toBe(1);
  expect(binomialAtMost(4, 5, 1)).toBe(0);
  expect(binomialAtLeast(0, 5, 0)).toBe(1);
  expect(binomialAtLeast(1, 5, 0)).toBe(0);
});

test('both tails share out all probability for large n', () => {
  for (const [k, n, p] of [
    [460, 500, 0.917],
    [9155, 9980, 0.9],
    [10, 100_000, 1e-4],
  ] as const) {
    expect(binomialAtMost(k - 1, n, p) + binomialAtLeast(k, n, p)).toBeCloseTo(1, 9);
  }
});
