import * as tf from '@tensorflow/tfjs';

/** Kernel of the gradient: inputs `dy` and `y`, the result of the ReLU; of y's shape. */
export const reluGradientKernel = 'ReluGrad';

/**
 * Takes the gradient of ReLU from its result, with one kernel, in place of the stock step, cast
 * and product over its input, which then need not be kept. Where a backend has no such kernel
 * it is computed as before.
 */
export function installReluGradient(): void {
  tf.registerGradient({
    kernelName: 'Relu',
    outputsToSave: [true],
    gradFunc: (dy, saved) => ({ x: () => reluGradient(dy as tf.Tensor, saved[0]!) }),
  });
}

function reluGradient(dy: tf.Tensor, y: tf.Tensor): tf.Tensor {
  return tf.getKernel(reluGradientKernel, tf.getBackend()) == null
    ? tf.mul(dy, tf.step(y))
    : tf.engine().runKernel(reluGradientKernel, { dy, y });
}
