import type { Estimate, Interval } from './interval.ts';

/**
 * p-value of "the true value lies within the bounds": the smallest error at which the interval of
 * the estimate no longer touches them. 1 where the estimate itself lies within.
 *
 * Found by bisection over the confidence, so that interval and test never contradict each other.
 */
export function pValueOutside({ value, interval }: Estimate, bounds: Interval): number {
  if (Number.isNaN(value)) return Number.NaN;
  if (value >= bounds.low && value <= bounds.high) return 1;
  const apart = (error: number) => {
    const { low, high } = interval(1 - error);
    return low > bounds.high || high < bounds.low;
  };
  if (apart(smallestError)) return smallestError;
  let [touching, clear] = [Math.log(smallestError), 0];
  for (let step = 0; step < 40; step++) {
    const middle = (touching + clear) / 2;
    if (apart(Math.exp(middle))) clear = middle;
    else touching = middle;
  }
  return Math.exp(clear);
}

/** Below this, floating point cannot tell 1 − error from 1 well enough. */
const smallestError = 1e-12;
