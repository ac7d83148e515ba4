import { expect, it } from 'vitest';
import { exponentialBackoff } from './backoff.ts';

it('doubles up to the cap', () => {
  const backoff = exponentialBackoff(100, 1_000);
  expect([1, 2, 3, 4, 5, 50].map(backoff)).toEqual([100, 200, 400, 800, 1_000, 1_000]);
});
