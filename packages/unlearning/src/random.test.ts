import { describe, expect, it } from 'vitest';
import { Random } from './random.ts';

const first = (random: Random, count: number) => Array.from({ length: count }, () => random.bits());

describe('seeded chance', () => {
  it('gives the same numbers for the same seed, and others for another', () => {
    expect(first(new Random(5), 8)).toEqual(first(new Random(5), 8));
    expect(first(new Random(5), 8)).not.toEqual(first(new Random(6), 8));
    expect(first(new Random(1), 8)).not.toEqual(first(new Random(1 + 2 ** 32), 8));
  });

  it('forks streams by label, whatever was drawn before', () => {
    const drawn = new Random(5);
    first(drawn, 100);
    expect(first(drawn.fork('a'), 8)).toEqual(first(new Random(5).fork('a'), 8));
    expect(first(drawn.fork('a'), 8)).not.toEqual(first(drawn.fork('b'), 8));
  });

  it('is uniform in [0, 1) and normal with mean 0 and variance 1', () => {
    const random = new Random(1);
    const n = 20_000;
    const uniform = Array.from({ length: n }, () => random.uniform());
    const normal = Array.from({ length: n }, () => random.normal());
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / n;
    expect(Math.min(...uniform)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...uniform)).toBeLessThan(1);
    // Four standard errors: 4 · 0.29/√n, 4 · 1/√n, 4 · √2/√n.
    expect(Math.abs(mean(uniform) - 0.5)).toBeLessThan(0.0082);
    expect(Math.abs(mean(normal))).toBeLessThan(0.0283);
    expect(Math.abs(mean(normal.map((value) => value ** 2)) - 1)).toBeLessThan(0.04);
  });

  it('permutes without losing anything, each order about as often', () => {
    const random = new Random(2);
    const counts = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = random.permutation(3).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual(['012', '021', '102', '120', '201', '210']);
    // 1000 expected of each, standard deviation 29.
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(120);
  });
});
