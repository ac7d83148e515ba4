import { describe, expect, it } from 'vitest';
import { Random } from '../random.ts';
import { matchedMargins, quantile } from './matched-margins.ts';

const upTo = (n: number, scale = 1) => Float32Array.from({ length: n }, (_, i) => scale * (i + 1));
const labelled = (n: number, label: number) => new Int32Array(n).fill(label);

/** A chance that always gives the same u. */
function always(u: number): Random {
  const random = new Random(0);
  random.uniform = () => u;
  return random;
}

describe('quantile', () => {
  it('is linear between order statistics at (i + ½)/n', () => {
    const sorted = Float32Array.of(10, 20, 30, 40);
    expect([0, 0.125, 0.25, 0.5, 0.875, 1].map((q) => quantile(sorted, q))).toEqual([
      10, 10, 15, 25, 40, 40,
    ]);
  });
});

describe('margins of unseen counterparts', () => {
  it('are taken by rank within the class', () => {
    // Held-out 1 … 10; three samples, u = ½: quantiles 1/6, 1/2, 5/6 → 10q + ½ = 2.17, 5.5, 8.83.
    const targets = matchedMargins(
      Float32Array.of(9, 3, 5),
      labelled(3, 0),
      upTo(10),
      labelled(10, 0),
      always(0.5),
    );
    expect(targets[0]).toBeCloseTo(8.8333, 3);
    expect(targets[1]).toBeCloseTo(2.1667, 3);
    expect(targets[2]).toBeCloseTo(5.5, 5);
  });

  it('are taken from the own class alone', () => {
    const heldOut = Float32Array.of(...upTo(6), ...upTo(6, 100));
    const targets = matchedMargins(
      Float32Array.of(1, 1),
      Int32Array.of(0, 1),
      heldOut,
      Int32Array.of(...labelled(6, 0), ...labelled(6, 1)),
      always(0.5),
    );
    expect([...targets]).toEqual([3.5, 350]);
  });

  it('are those of all classes where a class has fewer than five held-out samples', () => {
    const targets = matchedMargins(
      Float32Array.of(1),
      Int32Array.of(1),
      Float32Array.of(...upTo(6), 100, 100, 100, 100),
      Int32Array.of(...labelled(6, 0), ...labelled(4, 1)),
      always(0.25),
    );
    // Quantile ¼ of 1 … 6, 100 × 4 at position 10/4 − ½ = 2.
    expect([...targets]).toEqual([3]);
  });

  it('are unbiased for a request of one: their mean over seeds is the held-out mean', () => {
    const draws = Array.from(
      { length: 2000 },
      (_, seed) =>
        matchedMargins(
          Float32Array.of(3),
          Int32Array.of(0),
          upTo(10),
          labelled(10, 0),
          new Random(seed),
        )[0] as number,
    );
    // Mean 5.5, deviation 2.9/√2000 = 0.064.
    expect(Math.abs(draws.reduce((sum, value) => sum + value, 0) / 2000 - 5.5)).toBeLessThan(0.26);
  });
});
