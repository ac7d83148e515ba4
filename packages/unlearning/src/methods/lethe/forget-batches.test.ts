import { describe, expect, it } from 'vitest';
import { Random } from '../../random.ts';
import { ForgetBatches } from './forget-batches.ts';

describe('forget batches', () => {
  it('are all samples while they fit', () => {
    const batches = new ForgetBatches(3, 64, new Random(1));
    expect(batches.size).toBe(3);
    expect([...batches.next({ distances: new Float32Array(3) })]).toEqual([0, 1, 2]);
  });

  it('take those farthest from the goal first, and others in turn', () => {
    const batches = new ForgetBatches(10, 4, new Random(1));
    const distances = Float32Array.of(0, 5, 0, 9, 1, 7, 0, 0, 2, 0);
    const batch = batches.next({ distances });
    expect([...batch.slice(0, 3)]).toEqual([3, 5, 1]);
    expect(new Set(batch).size).toBe(4);
  });

  it('come round to everybody', () => {
    const batches = new ForgetBatches(10, 4, new Random(1));
    const seen = new Set<number>();
    for (let step = 0; step < 3; step++) {
      const batch = batches.next({ distances: new Float32Array(10) });
      expect(new Set(batch).size).toBe(4);
      for (const sample of batch) seen.add(sample);
    }
    expect(seen.size).toBe(10);
  });

  it('leave out those at rest, but for the nearest to being pushed again', () => {
    const batches = new ForgetBatches(40, 64, new Random(1));
    const distances = new Float32Array(40);
    const pressure = Float32Array.from({ length: 40 }, (_, i) => (i < 6 ? 1 : -1 - i));
    const batch = batches.next({ distances, pressure });
    expect([...batch]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(batches.size).toBe(40);
  });

  it('hold all while most are pushed', () => {
    const batches = new ForgetBatches(12, 64, new Random(1));
    const pressure = Float32Array.from({ length: 12 }, (_, i) => (i < 9 ? 1 : -9));
    expect(batches.next({ distances: new Float32Array(12), pressure })).toHaveLength(12);
  });

  it('of a set that is too large shrink to those far from the goal and a few in turn', () => {
    const batches = new ForgetBatches(200, 64, new Random(1));
    const distances = new Float32Array(200);
    distances[7] = 2;
    const pressure = new Float32Array(200).fill(-3);
    const batch = batches.next({ distances, pressure });
    expect(batch[0]).toBe(7);
    expect(new Set(batch).size).toBe(24);
  });
});
