import { openBackend } from '@lethe/compute';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { softTargets } from './distillation.ts';
import { withoutClasses } from './lost-classes.ts';

beforeAll(() => openBackend({ prefer: 'js' }));

it('puts lost classes where the least likely of the others is, row by row', () => {
  const logits = tf.tensor2d([
    [9, 1, 2, -3],
    [-8, 4, 0, 5],
  ]);
  expect(withoutClasses(logits, [0]).arraySync()).toEqual([
    [-3, 1, 2, -3],
    [0, 4, 0, 5],
  ]);
  expect(withoutClasses(logits, [0, 3]).arraySync()).toEqual([
    [1, 1, 2, 1],
    [0, 4, 0, 0],
  ]);
});

it('leaves one class all there is to say where there is no other', () => {
  const logits = tf.tensor2d([[9, 1]]);
  expect(softTargets(withoutClasses(logits, [0]), 8).arraySync()).toEqual([[0, 1]]);
});

it('is the logits themselves where nothing is lost', () => {
  const logits = tf.tensor2d([[9, 1]]);
  expect(withoutClasses(logits, [])).toBe(logits);
});
