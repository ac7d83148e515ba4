import type * as tf from '@tensorflow/tfjs';
import { floatsOf, type WasmBackend } from './wasm-runtime.ts';

/** Output channels that the kernel computes side by side. */
const lanes = 8;

/** Which values of a filter tensor make up the filter of one pass, and where they lie. */
export interface FilterLayout {
  /** Positions of the taps in the tensor, in the order in which the pass walks them. */
  readonly taps: readonly number[];
  readonly inputs: number;
  readonly outputs: number;
  /** Distance in the tensor from one input channel to the next, and from one output channel. */
  readonly inputStep: number;
  readonly outputStep: number;
}

/** @returns [⌈outputs / 8⌉, taps, inputs, 8], zeros beyond the last output */
export function packFilter(
  backend: WasmBackend,
  filter: tf.TensorInfo,
  layout: FilterLayout,
): tf.TensorInfo {
  const { taps, inputs, outputs, inputStep, outputStep } = layout;
  const blocks = Math.ceil(outputs / lanes);
  const packed = backend.makeOutput([blocks, taps.length, inputs, lanes], 'float32');
  const from = floatsOf(backend, filter);
  const to = floatsOf(backend, packed);
  let target = 0;
  for (let block = 0; block < blocks; block++) {
    const first = block * lanes * outputStep;
    const taken = Math.min(lanes, outputs - block * lanes);
    for (const tap of taps) {
      for (let i = 0; i < inputs; i++) {
        const source = tap + i * inputStep + first;
        for (let lane = 0; lane < taken; lane++)
          to[target + lane] = from[source + lane * outputStep]!;
        if (taken < lanes) to.fill(0, target + taken, target + lanes);
        target += lanes;
      }
    }
  }
  return packed;
}

/** @returns the bias, or zeros, up to the next multiple of 8 */
export function packBias(
  backend: WasmBackend,
  bias: tf.TensorInfo | undefined,
  outputs: number,
): tf.TensorInfo {
  const packed = backend.makeOutput([Math.ceil(outputs / lanes) * lanes], 'float32');
  const to = floatsOf(backend, packed).fill(0);
  if (bias !== undefined) to.set(floatsOf(backend, bias));
  return packed;
}
