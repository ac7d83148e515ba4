import * as tf from '@tensorflow/tfjs';
import type { TrainingModule } from './training-module.ts';
import { addKernel, floatsOf, type KernelCall } from './wasm-runtime.ts';

interface Inputs {
  readonly dy: tf.TensorInfo;
  readonly y: tf.TensorInfo;
}

const kernelName = 'ReluGrad';

/**
 * Gradient of ReLU in one pass over its result, in place of the stock step, cast and product
 * over its input, which then need not be kept. On other backends it is what it was.
 */
export function installReluGradient(module: TrainingModule): void {
  addKernel(kernelName, ({ backend, inputs }: KernelCall<Inputs, object>) => {
    const dx = backend.makeOutput(inputs.dy.shape, 'float32');
    const at = (tensor: tf.TensorInfo) => floatsOf(backend, tensor).byteOffset;
    module.reluGradient(at(inputs.dy), at(inputs.y), at(dx), tf.util.sizeFromShape(dx.shape));
    return dx;
  });
  tf.registerGradient({
    kernelName: 'Relu',
    outputsToSave: [true],
    gradFunc: (dy, saved) => ({ x: () => reluGradient(dy as tf.Tensor, saved[0]!) }),
  });
}

function reluGradient(dy: tf.Tensor, y: tf.Tensor): tf.Tensor {
  return tf.getKernel(kernelName, tf.getBackend()) == null
    ? tf.mul(dy, tf.step(y))
    : tf.engine().runKernel(kernelName, { dy, y });
}
