import { describe, expect, it } from 'vitest';
import { alphaSpent, lookLevel } from './alpha-spending.ts';
import { holm } from './holm.ts';
import { independentDifference } from './independent-difference.ts';
import { normalEstimate } from './interval.ts';
import { normalCdf, normalQuantile } from './normal.ts';
import { pValueOutside } from './p-value-outside.ts';
import { mcNemarExact, pairedDifference, tangoScore } from './paired-difference.ts';
import { clopperPearson, exactShare, wilson } from './share.ts';

// Expected values: SciPy 1.17, statsmodels 0.14; the expression stands beside each.

describe('the normal distribution', () => {
  it.each([
    [-8, 6.22096057427174e-16],
    [-3, 0.0013498980316300933],
    [-1.96, 0.024997895148220435],
    [0.5, 0.6914624612740131],
    [2.9, 0.998134186699616],
  ])('Φ(%f) as scipy.stats.norm.cdf', (z, expected) => {
    expect(Math.abs(normalCdf(z) / expected - 1)).toBeLessThan(1e-12);
  });

  it.each([
    [1e-6, -4.753424308822899],
    [0.025, -1.9599639845400545],
    [0.9, 1.2815515655446004],
    [0.999, 3.090232306167813],
  ])('quantile of %f as scipy.stats.norm.ppf', (p, expected) => {
    expect(normalQuantile(p)).toBeCloseTo(expected, 11);
  });

  it('has no quantile outside of 0 to 1', () => {
    expect(normalQuantile(-0.1)).toBeNaN();
    expect(normalQuantile(1)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('intervals of a share', () => {
  // a = 1 − confidence: beta.ppf(a/2, k, n−k+1), beta.ppf(1−a/2, k+1, n−k)
  it.each([
    [0, 32, 0.95, 0, 0.10888116067935288],
    [3, 64, 0.95, 0.009773074954456552, 0.13093573724140584],
    [64, 64, 0.99, 0.920547931182749, 1],
    [7, 20, 0.9, 0.1773109175744491, 0.5580345113154888],
  ])('Clopper and Pearson, %i of %i at %f', (count, n, confidence, low, high) => {
    const interval = clopperPearson(count, n, confidence);
    expect(interval.low).toBeCloseTo(low, 10);
    expect(interval.high).toBeCloseTo(high, 10);
  });

  it('Wilson as statsmodels proportion_confint(method="wilson")', () => {
    expect(wilson(0.81, 100, 0.95).low).toBeCloseTo(0.7222115462093562, 10);
    expect(wilson(0.81, 100, 0.95).high).toBeCloseTo(0.8748524849023126, 10);
    expect(wilson(0, 50, 0.99).high).toBeCloseTo(0.11715209171762801, 10);
  });

  it('say nothing without samples', () => {
    expect(wilson(Number.NaN, 0, 0.95)).toEqual({ low: 0, high: 1 });
    expect(exactShare(0, 0).value).toBeNaN();
  });
});

describe('difference of paired shares', () => {
  // The score with q21 found by maximising the multinomial likelihood under p12 − p21 = Δ
  // (scipy.optimize.minimize_scalar), then brentq for the two Δ of score ±1.96.
  it.each([
    [9, 3, 32, -0.027090464650304947, 0.38969748753299394],
    [4, 20, 500, -0.05395357037227217, -0.014023058762530927],
    [30, 12, 100, 0.05495817630171141, 0.3008397742356055],
  ])('Tango, %i against %i of %i', (gained, lost, n, low, high) => {
    const interval = pairedDifference({ gained, lost, n }).interval(0.95);
    expect(interval.low).toBeCloseTo(low, 6);
    expect(interval.high).toBeCloseTo(high, 6);
  });

  it('at no difference is McNemar’s: (b − c)/√(b + c)', () => {
    expect(tangoScore({ gained: 9, lost: 3, n: 32 }, 0)).toBeCloseTo(6 / Math.sqrt(12), 12);
  });

  it('stays uncertain where nothing differs, and knows nothing of nothing', () => {
    const { low, high } = pairedDifference({ gained: 0, lost: 0, n: 100 }).interval(0.95);
    expect(low).toBeCloseTo(-high, 9);
    // z²/(n + z²), the score interval of no discordant pair.
    expect(high).toBeCloseTo(1.959964 ** 2 / (100 + 1.959964 ** 2), 6);
    const none = pairedDifference({ gained: 0, lost: 0, n: 0 });
    expect(none.value).toBeNaN();
    expect(none.interval(0.95)).toEqual({ low: -1, high: 1 });
  });

  it('exact McNemar as scipy.stats.binomtest', () => {
    expect(mcNemarExact({ gained: 3, lost: 9, n: 40 })).toBeCloseTo(0.14599609375, 12);
    expect(mcNemarExact({ gained: 5, lost: 5, n: 40 })).toBe(1);
    expect(mcNemarExact({ gained: 0, lost: 7, n: 40 })).toBeCloseTo(0.015625, 12);
  });
});

it('the difference of independent shares is Newcombe’s published example', () => {
  // Newcombe 1998, table II (a): 56/70 − 48/80, method 10: 0.0524 to 0.3339.
  const difference = independentDifference(
    { value: 56 / 70, interval: (confidence) => wilson(56 / 70, 70, confidence) },
    { value: 48 / 80, interval: (confidence) => wilson(48 / 80, 80, confidence) },
  );
  expect(difference.value).toBeCloseTo(0.2, 12);
  expect(difference.interval(0.95).low).toBeCloseTo(0.0524, 4);
  expect(difference.interval(0.95).high).toBeCloseTo(0.3339, 4);
});

describe('many tests at once', () => {
  it('Holm as statsmodels multipletests(method="holm")', () => {
    const adjusted = holm([0.01, 0.04, 0.03, 0.005]);
    for (const [i, expected] of [0.03, 0.06, 0.06, 0.02].entries()) {
      expect(adjusted[i]).toBeCloseTo(expected, 12);
    }
  });

  it('what could not be tested still counts, and is never rejected', () => {
    expect(holm([Number.NaN, 0.02])).toEqual([1, 0.04]);
    expect(holm([])).toEqual([]);
  });

  it('spends an error over looks by α ln(1 + (e − 1) t), all of it in the end', () => {
    expect(alphaSpent(0.25, 0.05)).toBeCloseTo(0.01786870097543942, 12);
    expect(alphaSpent(0.5, 0.05)).toBeCloseTo(0.031005725347913876, 12);
    expect(alphaSpent(3, 0.05)).toBeCloseTo(0.05, 12);
    const looks = [64, 128, 192, 256].map((now) =>
      lookLevel({ before: now - 64, now, planned: 256 }, 0.05),
    );
    expect(looks.reduce((sum, level) => sum + level, 0)).toBeCloseTo(0.05, 12);
  });
});

describe('the p-value of lying within bounds', () => {
  const bounds = { low: -1, high: 1 };

  it('is 1 within them', () => {
    expect(pValueOutside(normalEstimate(0.9, 5), bounds)).toBe(1);
  });

  it('is that of the test which the interval belongs to', () => {
    // z = (3 − 1)/1 = 2: 2 (1 − Φ(2)) = 0.0455
    expect(pValueOutside(normalEstimate(3, 1), bounds)).toBeCloseTo(0.04550026, 7);
    expect(pValueOutside(normalEstimate(-3, 1), bounds)).toBeCloseTo(0.04550026, 7);
  });

  it('is not a number where nothing was measured', () => {
    expect(pValueOutside(normalEstimate(Number.NaN, 1), bounds)).toBeNaN();
  });
});
