import { binomialAtLeast, binomialAtMost } from './binomial.ts';
import { type Estimate, type Interval, zOf } from './interval.ts';

/** Share `count / n` with Clopper and Pearson's exact interval (1934): never too narrow. */
export function exactShare(count: number, n: number): Estimate {
  return {
    value: n === 0 ? Number.NaN : count / n,
    interval: (confidence) => clopperPearson(count, n, confidence),
  };
}

/** By bisection on the binomial tails; [0, 1] without samples. */
export function clopperPearson(count: number, n: number, confidence: number): Interval {
  const tail = (1 - confidence) / 2;
  return {
    low: count === 0 ? 0 : bisect((p) => binomialAtLeast(count, n, p) < tail),
    high: count === n ? 1 : bisect((p) => binomialAtMost(count, n, p) >= tail),
  };
}

/** Wilson's score interval of a share (1927). */
export function wilson(share: number, n: number, confidence: number): Interval {
  if (n === 0) return { low: 0, high: 1 };
  const z = zOf(confidence);
  const centre = share + (z * z) / (2 * n);
  const reach = z * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n));
  const scale = 1 + (z * z) / n;
  return {
    low: Math.max(0, (centre - reach) / scale),
    high: Math.min(1, (centre + reach) / scale),
  };
}

/** The p in [0, 1] up to which `holds` is true. */
function bisect(holds: (p: number) => boolean): number {
  let [low, high] = [0, 1];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
