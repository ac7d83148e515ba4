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
  let output = 0;
  for (let image = 0; image < g.batchSize; image++) {
    for (let row = 0; row < g.outHeight; row++) {
      for (let column = 0; column < g.outWidth; column++) {
        const window = windowAt(g, image, row, column);
        for (let channel = 0; channel < g.inChannels; channel++, output++) {
          const place = placeOfLargest(x, window, channel);
          if (place !== undefined) sums[place]! += dy[output]!;
        }
      }
    }
  }
  return gradient;
}

/** Positions in x of the first channel of the pixels in a window, row by row. */
function windowAt(
  g: tf.backend_util.Conv2DInfo,
  image: number,
  row: number,
  column: number,
): number[] {
  const top = row * g.strideHeight - g.padInfo.top;
  const left = column * g.strideWidth - g.padInfo.left;
  const positions: number[] = [];
  for (let i = Math.max(top, 0); i < Math.min(top + g.filterHeight, g.inHeight); i++) {
    for (let j = Math.max(left, 0); j < Math.min(left + g.filterWidth, g.inWidth); j++) {
      positions.push(((image * g.inHeight + i) * g.inWidth + j) * g.inChannels);
    }
  }
  return positions;
}

/** Undefined when the window has no number in it. */
function placeOfLargest(
  x: Float32Array,
  window: readonly number[],
  channel: number,
): number | undefined {
  let largest = -Infinity;
  let place: number | undefined;
  for (const position of window) {
    if (x[position + channel]! > largest) {
      largest = x[position + channel]!;
      place = position + channel;
    }
  }
  return place;
}
