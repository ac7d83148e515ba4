import type * as tf from '@tensorflow/tfjs';
import { type Conv2dAttributes, conv2dGeometry } from './conv2d-geometry.ts';
import { forEachTap } from './depthwise-taps.ts';
import { floatsOf, type KernelCall } from './wasm-runtime.ts';

type Inputs = { readonly x: tf.TensorInfo; readonly dy: tf.TensorInfo };
type Attributes = Conv2dAttributes & { readonly filterShape: number[] };

/**
 * Gradient of a depthwise convolution in its filter, which the stock backend lacks.
 *
 * @returns [kh, kw, ci, multiplier]
 */
export function depthwiseBackpropFilter(call: KernelCall<Inputs, Attributes>): tf.TensorInfo {
  const { backend, inputs, attrs } = call;
  const g = conv2dGeometry(inputs.x.shape, attrs.filterShape, attrs, true);
  const multiplier = g.co / g.ci;
  const gradient = backend.makeOutput(attrs.filterShape, 'float32');
  const x = floatsOf(backend, inputs.x);
  const dy = floatsOf(backend, inputs.dy);
  const sums = floatsOf(backend, gradient).fill(0);
  forEachTap(g, (input, output, tap) => {
    for (let o = 0; o < g.co; o++) {
      const channel = multiplier === 1 ? o : Math.trunc(o / multiplier);
      sums[tap + o]! += x[input + channel]! * dy[output + o]!;
    }
  });
  return gradient;
}
