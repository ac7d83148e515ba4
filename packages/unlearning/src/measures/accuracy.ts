import { margins } from './margins.ts';

/**
 * Share of samples that are given their label: its logit is the greatest, with no equal.
 *
 * @param logits row-major [n, classCount]
 * @returns 0 … 1; NaN without samples
 */
export function accuracy(logits: Float32Array, labels: Int32Array, classCount: number): number {
  const right = margins(logits, labels, classCount).filter((margin) => margin > 0);
  return right.length / labels.length;
}
