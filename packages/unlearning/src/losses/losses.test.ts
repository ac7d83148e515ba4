import { openBackend } from '@lethe/compute';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { crossEntropyLoss } from './cross-entropy.ts';
import { distillationLoss, softTargets } from './distillation.ts';
import { huberLoss } from './huber.ts';
import { nonTargetLogits } from './non-target.ts';

beforeAll(() => openBackend({ prefer: 'js' }));

const close = (actual: ArrayLike<number>, expected: number[]) => {
  expect(actual.length).toBe(expected.length);
  for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, 5);
};

describe('distillation', () => {
  it('has the gradient T · (softmax(z/T) − p)/n', () => {
    // T = 2, z = (2 ln 3, 0) → softmax(z/T) = (¾, ¼). p = (¼, ¾). One sample: 2 · (½, −½).
    const z = tf.tensor2d([[2 * Math.log(3), 0]]);
    const p = tf.tensor2d([[0.25, 0.75]]);
    const gradient = tf.grad((x: tf.Tensor) => distillationLoss(x as tf.Tensor2D, p, 2))(z);
    close(gradient.dataSync(), [1, -1]);
  });

  it('has no gradient where the student agrees with the teacher', () => {
    const z = tf.tensor2d([[3, -1, 0.5]]);
    const p = softTargets(z, 2);
    const gradient = tf.grad((x: tf.Tensor) => distillationLoss(x as tf.Tensor2D, p, 2))(z);
    close(gradient.dataSync(), [0, 0, 0]);
  });
});

describe('distillation without the own label', () => {
  it('holds the others and leaves the own one free', () => {
    // T = 1, label 0. Teacher: softmax(ln 3, 0) = (¾, ¼) of the others; student: (½, ½).
    const labels = Int32Array.of(0);
    const p = softTargets(nonTargetLogits(tf.tensor2d([[5, Math.log(3), 0]]), labels), 1);
    const loss = (z: tf.Tensor) =>
      distillationLoss(nonTargetLogits(z as tf.Tensor2D, labels), p, 1);
    close(
      tf
        .grad(loss)(tf.tensor2d([[-7, 1, 1]]))
        .dataSync(),
      [0, -0.25, 0.25],
    );
    expect(loss(tf.tensor2d([[99, 1, 1]])).dataSync()[0]).toBeCloseTo(Math.log(2), 5);
  });
});

describe('cross-entropy', () => {
  it('is −log p of the label, with gradient (p − onehot)/n', () => {
    // softmax(ln 3, 0) = (¾, ¼); labels 0 and 1; mean of ln 4/3 and ln 4.
    const z = tf.tensor2d([Math.log(3), 0, Math.log(3), 0], [2, 2]);
    const loss = (x: tf.Tensor) => crossEntropyLoss(x as tf.Tensor2D, Int32Array.of(0, 1));
    expect(loss(z).dataSync()[0]).toBeCloseTo((Math.log(4 / 3) + Math.log(4)) / 2, 5);
    close(tf.grad(loss)(z).dataSync(), [-0.125, 0.125, 0.375, -0.375]);
  });
});

describe('Huber', () => {
  it('is square up to δ and straight beyond it', () => {
    // 0.5²/2 = 0.125 and 2 · (3 − 1) = 4; mean 2.0625.
    const d = tf.tensor1d([0.5, -3]);
    const loss = (x: tf.Tensor) => huberLoss(x as tf.Tensor1D, 2);
    expect(loss(d).dataSync()[0]).toBeCloseTo(2.0625, 5);
    close(tf.grad(loss)(d).dataSync(), [0.25, -1]);
  });
});
