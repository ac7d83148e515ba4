import * as tf from '@tensorflow/tfjs';
import type { TrainingModule } from './training-module.ts';
import { floatsOf, type KernelCall } from './wasm-runtime.ts';

interface Inputs {
  readonly dy: tf.TensorInfo;
  readonly y: tf.TensorInfo;
}

/** dy where the ReLU's result is positive, else 0. */
export function makeReluGradient(module: TrainingModule) {
  return ({ backend, inputs }: KernelCall<Inputs, object>): tf.TensorInfo => {
    const dx = backend.makeOutput(inputs.dy.shape, 'float32');
    const at = (tensor: tf.TensorInfo) => floatsOf(backend, tensor).byteOffset;
    module.reluGradient(at(inputs.dy), at(inputs.y), at(dx), tf.util.sizeFromShape(dx.shape));
    return dx;
  };
}
