import type { Facing } from '../network/input-facing.ts';
import type { Segment } from '../network/network-function.ts';

/**
 * Replaces the values of input-facing weights by their mean over everything but the output unit;
 * over everything where each weight has a feature of its own.
 * There a gradient is a product with the sample itself: in a dense layer the squared gradient of
 * one sample *is* its squared features. What is kept must not give a forgotten sample away.
 *
 * @param values [parameters], changed in place
 * @param inputFacing by name of the weights, see `inputFacingWeights`
 */
export function poolInputFacing(
  values: Float32Array,
  segments: readonly Segment[],
  inputFacing: ReadonlyMap<string, Facing>,
): void {
  for (const { name, shape, from, to } of segments) {
    const facing = inputFacing.get(name);
    if (facing === undefined) continue;
    poolPerUnit(values.subarray(from, to), facing === 'by unit' ? (shape.at(-1) ?? 1) : 1);
  }
}

/** The output unit is the last axis of every kernel. */
function poolPerUnit(values: Float32Array, units: number): void {
  const means = new Float64Array(units);
  for (const [i, value] of values.entries()) {
    means[i % units] = (means[i % units] as number) + (value * units) / values.length;
  }
  for (let i = 0; i < values.length; i++) values[i] = means[i % units] as number;
}
