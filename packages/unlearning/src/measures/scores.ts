import { margins } from './margins.ts';

/** What a membership attack can read off a network's output; higher always means "more like a member". */
export const scoreNames = ['loss', 'confidence', 'entropy', 'modified_entropy', 'margin'] as const;
export type ScoreName = (typeof scoreNames)[number];

/** One value per sample for each score. */
export type Scores = Readonly<Record<ScoreName, Float64Array>>;

/**
 * The five membership scores of each sample:
 * `loss` −CE = log p_y (Yeom et al. 2018), `confidence` max p (Salem et al. 2019), `entropy`
 * −H(p), `modified_entropy` −Mentr = (1 − p_y) log p_y + Σ_{i≠y} p_i log(1 − p_i) (Song and
 * Mittal, USENIX Security 2021, equation 8), `margin` z_y − max_{j≠y} z_j.
 *
 * @param logits row-major [n, classCount], finite
 * @param labels [n]
 */
export function membershipScores(
  logits: Float32Array,
  labels: Int32Array,
  classCount: number,
): Scores {
  const n = labels.length;
  const scores = {
    loss: new Float64Array(n),
    confidence: new Float64Array(n),
    entropy: new Float64Array(n),
    modified_entropy: new Float64Array(n),
    margin: Float64Array.from(margins(logits, labels, classCount)),
  };
  for (let sample = 0; sample < n; sample++) {
    const logP = logSoftmax(logits.subarray(sample * classCount, (sample + 1) * classCount));
    const label = labels[sample] as number;
    let [entropy, modified, most] = [0, 0, Number.NEGATIVE_INFINITY];
    for (let c = 0; c < classCount; c++) {
      const log = logP[c] as number;
      const p = Math.exp(log);
      most = Math.max(most, log);
      entropy -= p * log;
      modified -= c === label ? -Math.expm1(log) * log : p * logOneLess(log);
    }
    scores.loss[sample] = logP[label] as number;
    scores.confidence[sample] = Math.exp(most);
    scores.entropy[sample] = -entropy;
    scores.modified_entropy[sample] = -modified;
  }
  return scores;
}

/** log softmax of one row of logits, stable for any size of them. */
export function logSoftmax(row: Float32Array): Float64Array {
  let top = Number.NEGATIVE_INFINITY;
  for (const z of row) top = Math.max(top, z);
  let sum = 0;
  for (const z of row) sum += Math.exp(z - top);
  const shift = top + Math.log(sum);
  return Float64Array.from(row, (z) => z - shift);
}

/** log(1 − p) from log p; for p = 1 that of the smallest share a double can leave, to stay finite. */
function logOneLess(logP: number): number {
  return Math.log(Math.max(-Math.expm1(logP), Number.EPSILON));
}
