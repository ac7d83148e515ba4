import { Random } from '../random.ts';
import { variance } from './placements.ts';
import { type Estimate, normalEstimate } from './statistics/interval.ts';

/** Whether a prediction was right, and how sure the network was. */
export interface Calls {
  /** [n] greatest probability */
  readonly confidence: ArrayLike<number>;
  /** [n] 1 where the prediction is the label, else 0 */
  readonly right: ArrayLike<number>;
}

const bins = 15;

/**
 * Expected calibration error in 15 equal bins: Σ_b |B_b|/n · |acc(B_b) − conf(B_b)| (Naeini et al.
 * 2015; Guo et al. 2017, equation 3).
 *
 * @returns 0 … 1; NaN without samples
 */
export function calibrationError(calls: Calls): number {
  return errorOver(calls, undefined);
}

/**
 * Change of {@link calibrationError} from `before` to `after` on the same samples; the standard
 * error is that of a paired bootstrap.
 */
export function calibrationChange(
  after: Calls,
  before: Calls,
  { resamples, seed }: { readonly resamples: number; readonly seed: number },
): Estimate {
  const n = after.confidence.length;
  const random = new Random(seed);
  const changes = Float64Array.from({ length: resamples }, () => {
    const drawn = Int32Array.from({ length: n }, () => random.integer(n));
    return errorOver(after, drawn) - errorOver(before, drawn);
  });
  const value = calibrationError(after) - calibrationError(before);
  return normalEstimate(value, Math.sqrt(variance(changes)), [-1, 1]);
}

function errorOver({ confidence, right }: Calls, drawn: Int32Array | undefined): number {
  const gap = new Float64Array(bins);
  const n = drawn?.length ?? confidence.length;
  for (let i = 0; i < n; i++) {
    const index = drawn === undefined ? i : (drawn[i] as number);
    const sure = confidence[index] as number;
    const bin = Math.min(bins - 1, Math.max(0, Math.ceil(sure * bins) - 1));
    gap[bin] = (gap[bin] as number) + (right[index] as number) - sure;
  }
  return n === 0 ? Number.NaN : gap.reduce((sum, value) => sum + Math.abs(value), 0) / n;
}
