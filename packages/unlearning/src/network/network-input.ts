import type { Network } from '../round.ts';

export type Preprocessing = Network['preprocessing'];

/** (x · scale − mean) / std as a factor and a shift per channel of the last axis. */
export function channelAffine(
  { scale, mean, std }: Preprocessing,
  channels: number,
): { readonly factor: Float64Array; readonly shift: Float64Array } {
  const at = (values: readonly number[], c: number) => values[c] ?? values[0] ?? 0;
  const factor = Float64Array.from({ length: channels }, (_, c) => scale / at(std, c));
  const shift = Float64Array.from({ length: channels }, (_, c) => -at(mean, c) / at(std, c));
  return { factor, shift };
}

/**
 * Samples as read → network input, in place. On the host: broadcasting over channels costs more
 * than this loop on the WebAssembly backend.
 *
 * @param values row-major [n, …, channels]
 */
export function toNetworkInput(
  values: Float32Array,
  preprocessing: Preprocessing,
  channels: number,
): Float32Array {
  const { factor, shift } = channelAffine(preprocessing, channels);
  for (let i = 0; i < values.length; i += channels) {
    for (let c = 0; c < channels; c++) {
      values[i + c] = (values[i + c] as number) * (factor[c] as number) + (shift[c] as number);
    }
  }
  return values;
}
