import { binomialAtMost } from './binomial.ts';
import type { Estimate, Interval } from './interval.ts';
import { normalQuantile } from './normal.ts';

/** What two classifiers did on the same n samples, where they differ. */
export interface Discordance {
  /** Samples only the first is right on. */
  readonly gained: number;
  /** Samples only the second is right on. */
  readonly lost: number;
  readonly n: number;
}

/**
 * Difference of two paired shares, first less second, with Tango's score interval (Statistics in
 * Medicine 17, 1998): the values Δ that the score test does not reject. At Δ = 0 that test is
 * McNemar's. Right also where few samples differ, or none.
 */
export function pairedDifference(seen: Discordance): Estimate {
  return {
    value: seen.n === 0 ? Number.NaN : (seen.gained - seen.lost) / seen.n,
    interval: (confidence) => tango(seen, confidence),
  };
}

function tango(seen: Discordance, confidence: number): Interval {
  if (seen.n === 0) return { low: -1, high: 1 };
  const z = -normalQuantile((1 - confidence) / 2);
  const value = (seen.gained - seen.lost) / seen.n;
  return {
    low: root(-1, value, (delta) => tangoScore(seen, delta) > z),
    high: root(value, 1, (delta) => tangoScore(seen, delta) >= -z),
  };
}

/** Tango's score: standard normal if the true difference is `delta`; falls as `delta` grows. */
export function tangoScore({ gained, lost, n }: Discordance, delta: number): number {
  const excess = gained - lost - n * delta;
  const a = 2 * n;
  const b = -gained - lost + (2 * n - gained + lost) * delta;
  const c = -lost * delta * (1 - delta);
  const q21 = (Math.sqrt(Math.max(0, b * b - 4 * a * c)) - b) / (2 * a);
  const variance = n * (2 * q21 + delta * (1 - delta));
  if (variance <= 0) return excess === 0 ? 0 : Math.sign(excess) * Number.POSITIVE_INFINITY;
  return excess / Math.sqrt(variance);
}

/** Exact two-sided McNemar test: P of a split at least as uneven if neither is better. */
export function mcNemarExact({ gained, lost }: Discordance): number {
  const fewer = Math.min(gained, lost);
  return Math.min(1, 2 * binomialAtMost(fewer, gained + lost, 0.5));
}

/** The point in [low, high] up to which `holds` is true. */
function root(low: number, high: number, holds: (delta: number) => boolean): number {
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
