import { expect, it } from 'vitest';
import { heldOutForMethods, marginsUnheld, rowsForMethods } from './held-out-parts.ts';

const labelled = (...labels: number[]) => ({
  values: Float32Array.from({ length: 2 * labels.length }, (_, i) => i),
  labels: Int32Array.from(labels),
});

it('gives methods every second held-out sample of each class in untrain, and all in other modes', () => {
  const samples = labelled(0, 1, 0, 1, 0, 2);
  expect([...rowsForMethods('untrain', samples.labels)]).toEqual([2, 3]);
  const given = heldOutForMethods('untrain', samples);
  expect([...(given?.values ?? [])]).toEqual([4, 5, 6, 7]);
  expect([...(given?.labels ?? [])]).toEqual([0, 1]);
  expect(heldOutForMethods('misclassify', samples)).toBe(samples);
  expect([...rowsForMethods('relabel', samples.labels)]).toEqual([0, 1, 2, 3, 4, 5]);
});

it('gives none where each is needed to be looked at, and none of none', () => {
  expect(heldOutForMethods('untrain', labelled(3, 1))).toBeUndefined();
  expect(heldOutForMethods('untrain', undefined)).toBeUndefined();
});

it('moves those that were held on as their counterparts moved that were not', () => {
  // Rows 0, 2, 4, 6 are looked at; of class 0 those at 1 and 9 moved by −1 and −3.
  const original = Float32Array.of(9, 8, 1, 2, 5, 6, 5, 7);
  const served = Float32Array.of(6, 8, 0, 2, 9, 6, 9, 7);
  const labels = Int32Array.of(0, 0, 0, 0, 1, 1, 1, 1);
  expect([...marginsUnheld(original, served, labels)]).toEqual([6, 5, 0, 1, 9, 10, 9, 11]);
});

it('goes by ranks where a class has more of the ones than of the others', () => {
  const original = Float32Array.of(1, 2, 3);
  const served = Float32Array.of(0, 2, 8);
  // The one in the middle is given; of the two others the upper one stands at its rank.
  expect([...marginsUnheld(original, served, Int32Array.of(0, 0, 0))]).toEqual([0, 7, 8]);
});

it('leaves all where they are that have not moved', () => {
  const margins = Float32Array.of(3, 1, 2, 5, 4);
  expect(marginsUnheld(margins, margins, Int32Array.of(0, 0, 1, 1, 2))).toEqual(margins);
});
