import type * as tf from '@tensorflow/tfjs';
import { type Conv2dAttributes, conv2dGeometry } from './conv2d-geometry.ts';
import { forEachTap } from './depthwise-taps.ts';
import { floatsOf, type KernelCall } from './wasm-runtime.ts';

type Inputs = { readonly dy: tf.TensorInfo; readonly filter: tf.TensorInfo };
type Attributes = Conv2dAttributes & { readonly inputShape: number[] };

/**
 * Gradient of a depthwise convolution in its input, which the stock backend lacks.
 *
 * @returns [n, h, w, ci]
 */
export function depthwiseBackpropInput(call: KernelCall<Inputs, Attributes>): tf.TensorInfo {
  const { backend, inputs, attrs } = call;
  const g = conv2dGeometry(attrs.inputShape, inputs.filter.shape, attrs, true);
  const multiplier = g.co / g.ci;
  const gradient = backend.makeOutput(attrs.inputShape, 'float32');
  const dy = floatsOf(backend, inputs.dy);
  const filter = floatsOf(backend, inputs.filter);
  const sums = floatsOf(backend, gradient).fill(0);
  forEachTap(g, (input, output, tap) => {
    for (let o = 0; o < g.co; o++) {
      const channel = multiplier === 1 ? o : Math.trunc(o / multiplier);
      sums[input + channel]! += filter[tap + o]! * dy[output + o]!;
    }
  });
  return gradient;
}
