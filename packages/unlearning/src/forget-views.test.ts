import { expect, it } from 'vitest';
import { knowsMirrored, mirroredViews, plainView } from './forget-views.ts';

const samples = { values: Float32Array.of(1, 2, 3, 4), labels: Int32Array.of(7, 8) };

it('puts mirrored copies behind the samples', () => {
  const { values, labels } = mirroredViews([1, 2, 1]).of(samples);
  expect([...values]).toEqual([1, 2, 3, 4, 2, 1, 4, 3]);
  expect([...labels]).toEqual([7, 8, 7, 8]);
});

it('leaves samples alone where they are not to be mirrored', () => {
  expect(plainView.of(samples)).toBe(samples);
});

it.each([
  ['as often', [1, 0, 1, 0, 1, 0, 1, 0], true],
  ['half as often', [1, 0, 1, 0, 1, 0, 0, 1], false],
  ['more often', [1, 0, 0, 1, 1, 0, 1, 0], true],
])('tells whether mirrored images are given their label %s', (_, logits, expected) => {
  expect(knowsMirrored(Float32Array.from(logits), new Int32Array(2), 2)).toBe(expected);
});
