import { describe, expect, it } from 'vitest';
import { Random } from './random.ts';

const draw = (random: Random, count: number) =>
  Array.from({ length: count }, () => random.uniform());

describe('Random', () => {
  it('gives the same numbers for the same keys, on every machine', () => {
    expect(draw(new Random(1, 2), 5)).toEqual(draw(new Random(1, 2), 5));
    // Written down once: a change of these numbers changes every synthetic sample's SHA-256.
    expect(draw(new Random(1, 2), 3).map((x) => Math.floor(x * 2 ** 32))).toEqual([
      1136807178, 2693484934, 1324202051,
    ]);
  });

  it('gives unrelated streams for neighbouring keys', () => {
    const firsts = Array.from({ length: 4096 }, (_, key) => new Random(7, key).uniform());
    expect(new Set(firsts).size).toBe(4096);
    const mean = firsts.reduce((sum, x) => sum + x) / firsts.length;
    // Standard error of the mean of 4096 uniforms: 0.0045.
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.02);
  });

  it('is even over its range', () => {
    const random = new Random(3);
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 100_000; i++) counts[random.below(10)]!++;
    // Standard deviation of each count: 95.
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });

  it('has bell-shaped numbers of mean 0 and variance 1', () => {
    const random = new Random(4);
    const values = Array.from({ length: 50_000 }, () => random.bell());
    const mean = values.reduce((sum, x) => sum + x) / values.length;
    const variance = values.reduce((sum, x) => sum + x * x) / values.length - mean * mean;
    expect(Math.abs(mean)).toBeLessThan(0.02);
    expect(Math.abs(variance - 1)).toBeLessThan(0.03);
  });
});
