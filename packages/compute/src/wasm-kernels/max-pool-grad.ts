import * as tf from '@tensorflow/tfjs';
import { floatsOf, type KernelCall } from './wasm-runtime.ts';

type Inputs = { readonly dy: tf.TensorInfo; readonly input: tf.TensorInfo };
type Attributes = {
  readonly filterSize: number | [number, number];
  readonly strides: number | [number, number];
  readonly pad: 'valid' | 'same' | number | tf.backend_util.ExplicitPadding;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
};

/**
 * Gradient of max pooling: each value of dy goes to the first largest input of its window. The
 * stock kernel loses it where a whole window is negative.
 *
 * @returns [n, h, w, c], as the input
 */
export function maxPoolGrad(call: KernelCall<Inputs, Attributes>): tf.TensorInfo {
  const { backend, inputs, attrs } = call;
  const { filterSize, strides, pad, dimRoundingMode } = attrs;
  const shape = inputs.input.shape as [number, number, number, number];
  const g = tf.backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
  const gradient = backend.makeOutput(shape, 'float32');
  const x = floatsOf(backend, inputs.input);
  const dy = floatsOf(backend, inputs.dy);
  const sums = floatsOf(backend, gradient).fill(0);
  const { inHeight, inWidth, inChannels: channels } = g;
  let output = 0;
  for (let image = 0; image < g.batchSize; image++) {
    for (let row = 0; row < g.outHeight; row++) {
      const top = row * g.strideHeight - g.padInfo.top;
      const bottom = Math.min(top + g.filterHeight, inHeight);
      for (let column = 0; column < g.outWidth; column++) {
        const left = column * g.strideWidth - g.padInfo.left;
        const right = Math.min(left + g.filterWidth, inWidth);
        for (let channel = 0; channel < channels; channel++, output++) {
          let largest = -Infinity;
          let place = -1;
          for (let i = Math.max(top, 0); i < bottom; i++) {
            for (let j = Math.max(left, 0); j < right; j++) {
              const position = ((image * inHeight + i) * inWidth + j) * channels + channel;
              if (x[position]! > largest) {
                largest = x[position]!;
                place = position;
              }
            }
          }
          if (place >= 0) sums[place]! += dy[output]!;
        }
      }
    }
  }
  return gradient;
}
