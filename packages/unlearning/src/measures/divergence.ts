import { logSoftmax } from './scores.ts';
import { type Estimate, normalEstimate } from './statistics/interval.ts';
import { wilson } from './statistics/share.ts';
import { variance } from './statistics/variance.ts';

/**
 * Mean KL(p_reference ‖ p_candidate) over samples, in nats: what the candidate's outputs lose of
 * the reference's. Interval by the normal approximation.
 *
 * @param reference row-major [n, classCount] logits; `candidate` the same
 */
export function meanKl(
  reference: Float32Array,
  candidate: Float32Array,
  classCount: number,
): Estimate {
  const n = reference.length / classCount;
  const divergences = Float64Array.from({ length: n }, (_, sample) => {
    const row = [sample * classCount, (sample + 1) * classCount] as const;
    const logP = logSoftmax(reference.subarray(...row));
    const logQ = logSoftmax(candidate.subarray(...row));
    let sum = 0;
    for (let c = 0; c < classCount; c++) {
      sum += Math.exp(logP[c] as number) * ((logP[c] as number) - (logQ[c] as number));
    }
    return sum;
  });
  const value = divergences.reduce((sum, kl) => sum + kl, 0) / n;
  return normalEstimate(value, Math.sqrt(variance(divergences) / n), [0, Number.POSITIVE_INFINITY]);
}

/**
 * Churn: share of samples whose predicted class is another one (Milani Fard et al. 2016), with
 * Wilson's interval.
 */
export function churn(before: Int32Array, after: Int32Array): Estimate {
  const n = before.length;
  const changed = before.reduce((sum, label, i) => sum + (label === after[i] ? 0 : 1), 0);
  const value = n === 0 ? Number.NaN : changed / n;
  return { value, interval: (confidence) => wilson(value, n, confidence) };
}
