import type * as tf from '@tensorflow/tfjs';
import { type Conv2dAttributes, conv2dGeometry, geometryArguments } from './conv2d-geometry.ts';
import type { TrainingModule } from './training-module.ts';
import { floatsOf, type KernelCall } from './wasm-runtime.ts';

interface Inputs {
  readonly x: tf.TensorInfo;
  readonly dy: tf.TensorInfo;
}
type Attributes = Conv2dAttributes & { readonly filterShape: number[] };

/**
 * Gradient of a depthwise convolution in its filter, which the stock backend lacks.
 *
 * @returns [kh, kw, ci, multiplier]
 */
export function makeDepthwiseBackpropFilter(module: TrainingModule) {
  return ({ backend, inputs, attrs }: KernelCall<Inputs, Attributes>): tf.TensorInfo => {
    const g = conv2dGeometry(inputs.x.shape, attrs.filterShape, attrs, true);
    const gradient = backend.makeOutput(attrs.filterShape, 'float32');
    const at = (tensor: tf.TensorInfo) => floatsOf(backend, tensor).byteOffset;
    module.depthwiseFilterGradient(
      ...[at(inputs.x), at(inputs.dy), at(gradient)],
      ...geometryArguments(g),
    );
    return gradient;
  };
}
