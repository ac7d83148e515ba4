import type * as tf from '@tensorflow/tfjs';
import { floatsOf, intsOf, type KernelCall } from './wasm-runtime.ts';

type Inputs = { readonly x: tf.TensorInfo; readonly segmentIds: tf.TensorInfo };

/**
 * Row i of the result is the sum of the rows of x whose segment id is i: the gradient of a
 * gather. Ids outside [0, numSegments) are left out.
 *
 * @returns [numSegments, ...x.shape.slice(1)], float32
 */
export function unsortedSegmentSum(
  call: KernelCall<Inputs, { readonly numSegments: number }>,
): tf.TensorInfo {
  const { backend, inputs, attrs } = call;
  const rowShape = inputs.x.shape.slice(1);
  const rowSize = rowShape.reduce((size, length) => size * length, 1);
  const sums = backend.makeOutput([attrs.numSegments, ...rowShape], 'float32');
  const from = floatsOf(backend, inputs.x);
  const ids = intsOf(backend, inputs.segmentIds);
  const to = floatsOf(backend, sums).fill(0);
  for (let row = 0; row < ids.length; row++) {
    const id = ids[row]!;
    if (id < 0 || id >= attrs.numSegments) continue;
    for (let i = 0; i < rowSize; i++) to[id * rowSize + i]! += from[row * rowSize + i]!;
  }
  return sums;
}
