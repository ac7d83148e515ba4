import { binomialAtMost } from '@lethe/unlearning/measures';
import { median } from '../../median.ts';

export interface MedianOfPairs {
  readonly median: number;
  /** At 95 %; of the sign test, so whatever the shape of the scatter. */
  readonly interval: readonly [low: number, high: number];
}

/**
 * The median of differences within pairs, with the interval of all medians that the sign test does
 * not reject at 5 % (Conover, Practical Nonparametric Statistics, 3.2).
 */
export function medianOfPairs(differences: readonly number[]): MedianOfPairs {
  const sorted = differences.toSorted((a, b) => a - b);
  let outside = 0;
  while (binomialAtMost(outside, sorted.length, 0.5) <= 0.025) outside += 1;
  const [low = Number.NaN, high = Number.NaN] =
    outside === 0
      ? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
      : [sorted[outside - 1], sorted[sorted.length - outside]];
  return { median: median(sorted), interval: [low, high] };
}
