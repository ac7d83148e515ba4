// For tests, run in a compute process: how far operations and their gradients on its backend are
// from tfjs's pure JavaScript, relative to the largest value of each result.
import type { JobFunction } from '@lethe/compute';
import * as tf from '@tensorflow/tfjs';
import { differenceFromJs } from '../../packages/compute/src/testing/js-oracle.ts';
import { trainingOps, valueAndGradients } from '../../packages/compute/src/testing/training-ops.ts';
import { deviceBytes } from './device-bytes.ts';

/** Neither network nor loss has it, and WebGPU fills what lies outside the picture otherwise. */
const { 'crop and resize': _, ...ops } = trainingOps;

type Shape = [number, number, number, number];

function convolution(x: Shape, filter: Shape, strides: number, pad: 'same' | 'valid') {
  return () =>
    valueAndGradients(
      (a, b) => tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, strides, pad),
      x,
      filter,
    );
}

function depthwise(x: Shape, filter: Shape, strides: number, pad: 'same' | 'valid') {
  return () =>
    valueAndGradients(
      (a, b) => tf.depthwiseConv2d(a as tf.Tensor4D, b as tf.Tensor4D, strides, pad),
      x,
      filter,
    );
}

/** Each shape is a shader of its own, so they are few: those of ResNets and their neighbours. */
const convolutions: typeof trainingOps = {
  'first convolution of a ResNet': convolution([2, 8, 8, 3], [3, 3, 3, 16], 1, 'same'),
  'convolution of a stage': convolution([2, 8, 8, 16], [3, 3, 16, 16], 1, 'same'),
  'convolution to the next stage': convolution([2, 8, 8, 16], [3, 3, 16, 32], 2, 'same'),
  'shortcut to the next stage': convolution([2, 8, 8, 16], [1, 1, 16, 32], 2, 'same'),
  'convolution of odd sizes': convolution([2, 7, 9, 5], [5, 5, 5, 7], 2, 'valid'),
  'depthwise convolution': depthwise([2, 6, 7, 8], [3, 3, 8, 1], 1, 'same'),
  'depthwise convolution, stride 2': depthwise([2, 7, 6, 3], [3, 3, 3, 1], 2, 'same'),
  'depthwise convolution, multiplier 2': depthwise([2, 6, 7, 3], [5, 5, 3, 2], 1, 'valid'),
  'matrix product over many': () =>
    valueAndGradients((x, y) => tf.matMul(x, y), [16, 2500], [2500, 12]),
};

const steps: typeof trainingOps = {
  'two Adam steps': () => {
    const weights = tf.variable(tf.randomNormal([40, 30], 0, 1, 'float32', 1));
    const optimizer = tf.train.adam(1e-2);
    for (const seed of [2, 3]) {
      const tensor = tf.randomNormal([40, 30], 0, 1, 'float32', seed);
      optimizer.applyGradients([{ name: weights.name, tensor }]);
    }
    const result = weights.clone();
    optimizer.dispose();
    weights.dispose();
    return [result];
  },
};

export interface OperationsOutput {
  readonly differences: Readonly<Record<string, number>>;
  /** Tensors and bytes that the device holds after all of it. */
  readonly left: { readonly tensors: number; readonly bytes: number };
}

export const run: JobFunction<undefined, OperationsOutput, never> = async () => {
  const backend = tf.getBackend();
  // Small ones would otherwise be computed without the GPU as long as nothing has gone there.
  if (backend === 'webgpu') tf.env().set('WEBGPU_CPU_FORWARD', false);
  const differences: Record<string, number> = {};
  for (const [name, compute] of Object.entries({ ...ops, ...convolutions, ...steps })) {
    differences[name] = await differenceFromJs(backend, compute);
  }
  return { differences, left: { tensors: tf.memory().numTensors, bytes: deviceBytes() } };
};
