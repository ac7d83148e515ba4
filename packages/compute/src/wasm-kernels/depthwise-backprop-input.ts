import type * as tf from '@tensorflow/tfjs';
import { type Conv2dAttributes, conv2dGeometry, geometryArguments } from './conv2d-geometry.ts';
import type { TrainingModule } from './training-module.ts';
import { floatsOf, type KernelCall } from './wasm-runtime.ts';

interface Inputs {
  readonly dy: tf.TensorInfo;
  readonly filter: tf.TensorInfo;
}
type Attributes = Conv2dAttributes & { readonly inputShape: number[] };

/**
 * Gradient of a depthwise convolution in its input, which the stock backend lacks.
 *
 * @returns [n, h, w, ci]
 */
export function makeDepthwiseBackpropInput(module: TrainingModule) {
  return ({ backend, inputs, attrs }: KernelCall<Inputs, Attributes>): tf.TensorInfo => {
    const g = conv2dGeometry(attrs.inputShape, inputs.filter.shape, attrs, true);
    const gradient = backend.makeOutput(attrs.inputShape, 'float32');
    const at = (tensor: tf.TensorInfo) => floatsOf(backend, tensor).byteOffset;
    module.depthwiseInputGradient(
      ...[at(inputs.dy), at(inputs.filter), at(gradient)],
      ...geometryArguments(g),
    );
    return gradient;
  };
}
