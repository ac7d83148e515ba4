import type { Segment } from '../../network/network-function.ts';

/** Min-max normalised to 0 … 1 within each tensor; 0 where a tensor is constant. */
export function normalisePerTensor(
  values: Float32Array,
  segments: readonly Pick<Segment, 'from' | 'to'>[],
): Float32Array {
  const result = new Float32Array(values.length);
  for (const { from, to } of segments) {
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let i = from; i < to; i++) {
      low = Math.min(low, values[i] as number);
      high = Math.max(high, values[i] as number);
    }
    if (high <= low) continue;
    for (let i = from; i < to; i++) result[i] = ((values[i] as number) - low) / (high - low);
  }
  return result;
}
