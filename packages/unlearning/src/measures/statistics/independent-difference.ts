import type { Estimate, Interval } from './interval.ts';

/** A share and how its interval is had. */
export interface ShareWithInterval {
  readonly value: number;
  readonly interval: (confidence: number) => Interval;
}

/**
 * Difference of two independent shares, first less second, from their own intervals (Newcombe's
 * method 10, Statistics in Medicine 17, 1998; the "square and add" rule).
 */
export function independentDifference(
  first: ShareWithInterval,
  second: ShareWithInterval,
): Estimate {
  const value = first.value - second.value;
  return {
    value,
    interval: (confidence) => {
      const a = first.interval(confidence);
      const b = second.interval(confidence);
      return {
        low: value - Math.hypot(first.value - a.low, b.high - second.value),
        high: value + Math.hypot(a.high - first.value, second.value - b.low),
      };
    },
  };
}
