import { Random } from '../random.ts';
import { type Estimate, normalEstimate } from './statistics/interval.ts';
import { variance } from './statistics/variance.ts';

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
  const sums = new Float64Array(bins);
  const gaps = gapsOf(calls);
  for (let i = 0; i < gaps.bin.length; i++) add(sums, gaps, i);
  return gaps.bin.length === 0 ? Number.NaN : total(sums) / gaps.bin.length;
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
  const [now, then] = [gapsOf(after), gapsOf(before)];
  const sums = [new Float64Array(bins), new Float64Array(bins)] as const;
  const changes = Float64Array.from({ length: resamples }, () => {
    sums[0].fill(0);
    sums[1].fill(0);
    for (let i = 0; i < n; i++) {
      const drawn = random.integer(n);
      add(sums[0], now, drawn);
      add(sums[1], then, drawn);
    }
    return (total(sums[0]) - total(sums[1])) / n;
  });
  const value = calibrationError(after) - calibrationError(before);
  return normalEstimate(value, Math.sqrt(variance(changes)), [-1, 1]);
}

/** Per sample its bin, and how much righter it was than sure. */
interface Gaps {
  readonly bin: Uint8Array;
  readonly gap: Float64Array;
}

function gapsOf({ confidence, right }: Calls): Gaps {
  const bin = Uint8Array.from(confidence, (sure) =>
    Math.min(bins - 1, Math.max(0, Math.ceil(sure * bins) - 1)),
  );
  return { bin, gap: Float64Array.from(confidence, (sure, i) => (right[i] as number) - sure) };
}

function add(sums: Float64Array, { bin, gap }: Gaps, index: number): void {
  const at = bin[index] as number;
  sums[at] = (sums[at] as number) + (gap[index] as number);
}

function total(sums: Float64Array): number {
  let sum = 0;
  for (const value of sums) sum += Math.abs(value);
  return sum;
}
