import { describe, expect, it } from 'vitest';
import { Random } from '../random.ts';
import {
  countClasses,
  type KnownSamples,
  matchedMargins,
  standing,
  standingBins,
  type UnseenSamples,
  weightedQuantile,
} from './matched-margins.ts';

const upTo = (n: number, scale = 1) => Float32Array.from({ length: n }, (_, i) => scale * (i + 1));
const labelled = (n: number, label: number) => new Int32Array(n).fill(label);
const nobody = new Float32Array(standingBins);
const none = new Float32Array(2);

/** Of a round of the two classes. */
function match(
  forget: KnownSamples,
  heldOut: UnseenSamples,
  u: number,
  earlier: Float32Array = nobody,
  classesBefore = none,
) {
  const classes = countClasses(forget.labels, classesBefore);
  return matchedMargins(forget, heldOut, earlier, classes, u);
}
/** Margins 1 … 10 of class 0. */
const ten = { margins: upTo(10), steady: upTo(10), labels: labelled(10, 0) };

describe('quantile and standing', () => {
  const sorted = Float32Array.of(10, 20, 30, 40);

  it('are linear between order statistics at (i + ½)/n', () => {
    const quantile = weightedQuantile(
      sorted,
      sorted.map(() => 3),
    );
    expect([0, 0.125, 0.25, 0.5, 0.875, 1].map(quantile)).toEqual([10, 10, 15, 25, 40, 40]);
    expect([10, 15, 25, 39].map((value) => standing(sorted, value))).toEqual([
      0.125, 0.25, 0.5, 0.85,
    ]);
  });

  it('stand in the middle of what they weigh', () => {
    // 40 and 20 weigh a half and a quarter; 30 nothing.
    const quantile = weightedQuantile(Float32Array.of(40, 10, 30, 20), Float32Array.of(2, 1, 0, 1));
    expect([0.125, 0.375, 0.75, 0.5625].map(quantile)).toEqual([10, 20, 40, 30]);
  });

  it('say of what is beyond all that it is', () => {
    expect([9, 40, 41].map((value) => standing(sorted, value))).toEqual([0, 1, 1]);
  });
});

describe('margins of unseen counterparts', () => {
  it('are taken by rank', () => {
    // Held-out 1 … 10; three samples, u = ½: quantiles 1/6, 1/2, 5/6 → 10q + ½ = 2.17, 5.5, 8.83.
    const forget = { steady: Float32Array.of(9, 3, 5), labels: labelled(3, 0) };
    const { targets } = match(forget, ten, 0.5);
    expect(targets[0]).toBeCloseTo(8.8333, 3);
    expect(targets[1]).toBeCloseTo(2.1667, 3);
    expect(targets[2]).toBeCloseTo(5.5, 5);
  });

  it('count each class as often as it was forgotten, earlier rounds included', () => {
    // Class 0 has margins 1 … 6, class 1 11 … 22.
    const margins = Float32Array.of(...upTo(6), ...upTo(12).map((margin) => margin + 10));
    const heldOut = {
      margins,
      steady: margins,
      labels: Int32Array.of(...labelled(6, 0), ...labelled(12, 1)),
    };
    // Of class 0, though better known than what is forgotten of class 1.
    const forget = { steady: Float32Array.of(15, 14), labels: Int32Array.of(0, 1) };
    // One of each class: six and twelve samples weigh half each, of which either has a quarter.
    const equal = match(forget, heldOut, 0.5);
    // ¾ is the middle of class 1, ¼ that of class 0.
    expect([...equal.targets]).toEqual([16.5, 3.5]);
    // Two of class 1 were there before, above both: q of 1½ and ½ of 4. A quarter of the weight is
    // class 0's; the rest, from there, a sixteenth each.
    const later = match(forget, heldOut, 0.5, nobody.with(63, 2), Float32Array.of(0, 2));
    expect(later.targets[0]).toBeCloseTo(12.5, 4);
    expect(later.targets[1]).toBeCloseTo(3.5, 4);
  });

  it('are those of all classes for a class that has fewer than five held-out samples', () => {
    const margins = Float32Array.of(...upTo(6), 100, 100, 100, 100);
    const heldOut = {
      margins,
      steady: margins,
      labels: Int32Array.of(...labelled(6, 0), ...labelled(4, 1)),
    };
    const forget = { steady: Float32Array.of(1), labels: Int32Array.of(1) };
    // Quantile ¼ of 1 … 6, 100 × 4 at position 10/4 − ½ = 2.
    expect([...match(forget, heldOut, 0.25).targets]).toEqual([3]);
  });

  it('are unbiased for a first request of one: their mean over seeds is the held-out mean', () => {
    const forget = { steady: Float32Array.of(3), labels: Int32Array.of(0) };
    const draws = Array.from({ length: 2000 }, (_, seed) => {
      const u = new Random(seed).uniform();
      return match(forget, ten, u).targets[0] as number;
    });
    // Mean 5.5, deviation 2.9/√2000 = 0.064.
    expect(Math.abs(draws.reduce((sum, value) => sum + value, 0) / 2000 - 5.5)).toBeLessThan(0.26);
  });

  it('are the same in many small rounds as in one large one, but for the first few', () => {
    const random = new Random(5);
    // Forgotten samples stand higher than unseen ones: places are √ of even ones.
    const steady = Float32Array.from({ length: 400 }, () => 0.5 + 10 * Math.sqrt(random.uniform()));
    const labels = labelled(400, 0);
    const atOnce = match({ steady, labels }, ten, 0.5).targets;
    let places: Float32Array = nobody;
    const oneByOne = Float32Array.from(steady, (margin) => {
      const one = { steady: Float32Array.of(margin), labels: labelled(1, 0) };
      const matched = match(one, ten, random.uniform(), places);
      places = matched.places;
      return matched.targets[0] as number;
    });
    const apart = oneByOne.map((target, i) => Math.abs(target - (atOnce[i] as number)));
    expect(Math.max(...apart.subarray(200))).toBeLessThan(1);
    expect(places.reduce((sum, count) => sum + count, 0)).toBe(400);
  });

  it('are placed by how well samples are known, and valued by margins', () => {
    const forget = { steady: Float32Array.of(20), labels: Int32Array.of(0) };
    const heldOut = { ...ten, steady: upTo(10, 10) };
    // 200 were forgotten before, half of them below where this one stands: between 20 and 30.
    const earlier = nobody.map((_, bin) => (bin === 5 || bin === 40 ? 100 : 0));
    // Quantile (100 + ½) / 201 = ½ of 1 … 10.
    expect(match(forget, heldOut, 0.5, earlier).targets[0]).toBeCloseTo(5.5, 5);
  });

  it('leave what was there before as it was', () => {
    const forget = { steady: Float32Array.of(3), labels: Int32Array.of(0) };
    match(forget, ten, 0.5);
    expect([...nobody, ...none].every((count) => count === 0)).toBe(true);
  });
});
