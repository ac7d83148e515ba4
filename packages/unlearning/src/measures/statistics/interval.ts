import { normalQuantile } from './normal.ts';

/** A confidence interval; both ends belong to it. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** An estimate whose interval can be had at any confidence; wider at a greater one. */
export interface Estimate {
  /** NaN where nothing could be measured. */
  readonly value: number;
  /** @param confidence two-sided, for example 0.95 */
  readonly interval: (confidence: number) => Interval;
}

/** Normal approximation: value ± z · standard error, held within the range of the quantity. */
export function normalEstimate(
  value: number,
  standardError: number,
  [least, most]: readonly [number, number] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
): Estimate {
  return {
    value,
    interval: (confidence) => {
      const reach = zOf(confidence) * standardError;
      return { low: Math.max(least, value - reach), high: Math.min(most, value + reach) };
    },
  };
}

/** A figure that is known, not estimated. */
export function exactEstimate(value: number): Estimate {
  return { value, interval: () => ({ low: value, high: value }) };
}

/** z with P(|Z| ≤ z) = confidence. */
export function zOf(confidence: number): number {
  return -normalQuantile((1 - confidence) / 2);
}
