import { expect, test } from 'vitest';
import { predictionsOf } from './predictions.ts';

test('the largest logit wins, the first of equals', () => {
  expect([...predictionsOf(Float32Array.of(1, 3, 2, 5, 5, 0), 3)]).toEqual([1, 0]);
});

test('outputs that are not all finite are no prediction', () => {
  const outputs = Float32Array.of(Number.NaN, 1, Number.POSITIVE_INFINITY, 1, 0, 1);
  expect([...predictionsOf(outputs, 2)]).toEqual([-1, -1, 1]);
});
