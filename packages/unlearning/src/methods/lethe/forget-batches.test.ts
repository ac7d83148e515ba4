import { describe, expect, it } from 'vitest';
import { Random } from '../../random.ts';
import { ForgetBatches } from './forget-batches.ts';

describe('forget batches', () => {
  it('are all samples while they fit', () => {
    const batches = new ForgetBatches(3, 64, new Random(1));
    expect(batches.size).toBe(3);
    expect([...batches.next(new Float32Array(3))]).toEqual([0, 1, 2]);
  });

  it('take those farthest from the goal first, and others in turn', () => {
    const batches = new ForgetBatches(10, 4, new Random(1));
    const distances = Float32Array.of(0, 5, 0, 9, 1, 7, 0, 0, 2, 0);
    const batch = batches.next(distances);
    expect([...batch.slice(0, 3)]).toEqual([3, 5, 1]);
    expect(new Set(batch).size).toBe(4);
  });

  it('come round to everybody', () => {
    const batches = new ForgetBatches(10, 4, new Random(1));
    const seen = new Set<number>();
    for (let step = 0; step < 3; step++) {
      const batch = batches.next(new Float32Array(10));
      expect(new Set(batch).size).toBe(4);
      for (const sample of batch) seen.add(sample);
    }
    expect(seen.size).toBe(10);
  });
});
