import type { Estimate } from './statistics/interval.ts';
import { exactShare } from './statistics/share.ts';

/**
 * Share of forgotten samples whose loss is above the 99th percentile of held-out losses: samples
 * that stand out because they were forgotten. About 0.01 when nothing stands out.
 *
 * @returns 0 … 1; NaN without samples
 */
export function streisandShare(
  forgetLosses: ArrayLike<number>,
  heldOutLosses: ArrayLike<number>,
): number {
  return streisandEstimate(forgetLosses, heldOutLosses).value;
}

/** {@link streisandShare} with Clopper and Pearson's exact interval, the percentile taken as known. */
export function streisandEstimate(
  forgetLosses: ArrayLike<number>,
  heldOutLosses: ArrayLike<number>,
): Estimate {
  const sorted = Float64Array.from(heldOutLosses).sort();
  // Nearest rank: the smallest value with at least 99 % of all at or below it.
  const p99 = sorted[Math.ceil(0.99 * sorted.length) - 1];
  if (p99 === undefined) return exactShare(0, 0);
  let above = 0;
  for (let i = 0; i < forgetLosses.length; i++) if ((forgetLosses[i] as number) > p99) above += 1;
  return exactShare(above, forgetLosses.length);
}
