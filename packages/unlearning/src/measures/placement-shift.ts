import { type Estimate, normalEstimate } from './statistics/interval.ts';
import { variance } from './statistics/variance.ts';

/**
 * Mean over forgotten samples of (placement now − factor · placement before), both counted from ½:
 * where they stand among unseen samples, under two models. Paired: what makes a sample easy or hard
 * under both cancels, so that it tells more than two AUCs would.
 *
 * With factor 1: how far they moved (a reversal moves them up). With factor ½: above 0 when more
 * than half of the earlier membership signal is left.
 *
 * The unseen samples are taken as known; their part of the variance is small beside that of the
 * much fewer forgotten ones. The variance is taken to be at least 1/12 · (1 − factor)², and that of
 * one step in a hundred, so that samples which all stay put claim no certainty.
 *
 * @param now [k] placements, NaN where there are none; `before` the same samples
 */
export function placementShift(now: Float64Array, before: Float64Array, factor: number): Estimate {
  const shifts = [...now.keys()].flatMap((i) => {
    const shift = (now[i] as number) - 0.5 - factor * ((before[i] as number) - 0.5);
    return Number.isNaN(shift) ? [] : [shift];
  });
  const k = shifts.length;
  const value = shifts.reduce((sum, shift) => sum + shift, 0) / k;
  const spread = Math.max(variance(shifts), (1 - factor) ** 2 / 12, 1e-4);
  return normalEstimate(value, Math.sqrt(spread / k), [-1, 1]);
}
