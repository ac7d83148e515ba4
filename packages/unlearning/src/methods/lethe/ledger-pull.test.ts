import { openBackend } from '@lethe/compute';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RoundWork } from '../round-work.ts';
import { heldImportance, type ImportanceRule, ledgerPull } from './ledger-pull.ts';

beforeAll(() => openBackend({ prefer: 'js' }));

const importance = Float32Array.of(1, 2, 4);
const workAfter = (rounds: number) =>
  ({ ledger: { rounds, samples: rounds, importance } }) as unknown as RoundWork;

/** From 0 earlier rounds went to (1, −1, 0); now the student stands half a step beyond or back. */
function pulled(rule: ImportanceRule, theta: number[]): number[] {
  return tf.tidy(() => {
    const served = tf.tensor1d([1, -1, 0]);
    using pull = ledgerPull(importance, served, new Float32Array(3), rule);
    return [...pull.at(tf.tensor1d(theta)).dataSync()].map((value) => value + 0);
  });
}

describe('the pull of the ledger', () => {
  it('is w F times the way from the served network', async () => {
    expect(await heldImportance(workAfter(1), 0.5, 'earlier')).toEqual(Float32Array.of(0.5, 1, 2));
    expect(pulled('earlier', [1.5, -0.5, 1])).toEqual([0.5, 1, 4]);
  });

  it('holds only what would undo earlier rounds, where that is asked', () => {
    expect(pulled('undoing', [0.5, -0.5, 1])).toEqual([-0.5, 1, 0]);
    expect(pulled('undoing', [1.5, -1.5, -1])).toEqual([0, 0, 0]);
  });

  it('is nothing without earlier rounds or weight', async () => {
    expect(await heldImportance(workAfter(0), 1, 'earlier')).toBeUndefined();
    expect(await heldImportance(workAfter(3), 0, 'published')).toBeUndefined();
  });
});
