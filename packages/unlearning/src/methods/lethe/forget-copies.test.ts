import { describe, expect, it } from 'vitest';
import { Random } from '../../random.ts';
import type { Network } from '../../round.ts';
import { forgetCopies } from './forget-copies.ts';

const network = (changes: Partial<Network>): Network =>
  ({
    sampleShape: [8, 8, 1],
    isImage: true,
    preprocessing: { scale: 2, mean: [1], std: [1] },
    ...changes,
  }) as Network;

/** Two pictures, of tens and of hundreds, increasing to the right. */
const values = Float32Array.from({ length: 128 }, (_, i) => (i < 64 ? 10 : 100) + (i % 8));

describe('copies of forget samples', () => {
  it('are mirrored or shifted by at most an eighth, and preprocessed', () => {
    const copies = forgetCopies(network({}), values, 1, new Random(1), true);
    const seen = new Set<string>();
    for (let i = 0; i < 60; i++) {
      const into = new Float32Array(128);
      const samples = copies.fill(into, Int32Array.of(0, 1));
      expect([...samples].sort()).toEqual([0, 1]);
      const base = samples[0] === 0 ? 10 : 100;
      const row = [...into.subarray(0, 8)].map((value) => (value + 1) / 2 - base);
      seen.add(row.join(' '));
    }
    expect(seen).toEqual(
      new Set([
        ...['0 1 2 3 4 5 6 7', '0 0 1 2 3 4 5 6', '1 2 3 4 5 6 7 7'],
        ...['7 6 5 4 3 2 1 0', '7 7 6 5 4 3 2 1', '6 5 4 3 2 1 0 0'],
      ]),
    );
  });

  it('are not mirrored where mirrored ones are samples of their own', () => {
    const copies = forgetCopies(network({}), values, 1, new Random(1), false);
    const into = new Float32Array(64);
    for (let i = 0; i < 30; i++) {
      copies.fill(into, Int32Array.of(0));
      expect(into[7]).toBeGreaterThan(into[0] as number);
    }
  });

  it('are made of a share of each batch', () => {
    const copies = forgetCopies(network({}), values, 0.5, new Random(1), true);
    expect(copies.countOf(5)).toBe(3);
    expect(copies.fill(new Float32Array(64), Int32Array.of(0, 1))).toHaveLength(1);
  });

  it('are not made of what is no image', () => {
    const copies = forgetCopies(network({ isImage: false }), values, 0.5, new Random(1), true);
    expect(copies.countOf(100)).toBe(0);
  });
});
