import { openBackend } from '@lethe/compute';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { softTargets } from './distillation.ts';
import { withoutClasses } from './lost-classes.ts';

beforeAll(() => openBackend({ prefer: 'js' }));

const lost = (label: number, instead?: number) => ({ label, instead });

it('puts lost classes where the least likely of the others is, row by row', () => {
  const logits = tf.tensor2d([
    [9, 1, 2, -3],
    [-8, 4, 0, 5],
  ]);
  expect(withoutClasses(logits, [lost(0)]).arraySync()).toEqual([
    [-3, 1, 2, -3],
    [0, 4, 0, 5],
  ]);
  expect(withoutClasses(logits, [lost(0), lost(3)]).arraySync()).toEqual([
    [1, 1, 2, 1],
    [0, 4, 0, 0],
  ]);
});

it('gives the label that stands for a lost class the greater of both logits', () => {
  const logits = tf.tensor2d([
    [9, 1, 2, -3],
    [-8, 4, 0, 5],
  ]);
  expect(withoutClasses(logits, [lost(0, 2)]).arraySync()).toEqual([
    [-3, 1, 9, -3],
    [0, 4, 0, 5],
  ]);
  expect(withoutClasses(logits, [lost(0, 2), lost(1)]).arraySync()).toEqual([
    [-3, -3, 9, -3],
    [0, 0, 0, 5],
  ]);
});

it('leaves one class all there is to say where there is no other', () => {
  const logits = tf.tensor2d([[9, 1]]);
  expect(softTargets(withoutClasses(logits, [lost(0)]), 8).arraySync()).toEqual([[0, 1]]);
});

it('is the logits themselves where nothing is lost', () => {
  const logits = tf.tensor2d([[9, 1]]);
  expect(withoutClasses(logits, [])).toBe(logits);
});
