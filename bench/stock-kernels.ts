import * as tf from '@tensorflow/tfjs';
import '@lethe/compute'; // loads tfjs's WebAssembly backend, whose kernels are taken here

/** Kernels that packages/compute replaces on the WebAssembly backend, as tfjs ships them. */
const stock = ['Conv2D', 'FusedConv2D', 'Conv2DBackpropInput', 'Sum', 'Identity'].map((name) =>
  tf.getKernel(name, 'wasm'),
);

/**
 * Computes with the kernels that tfjs ships, then puts ours back: the peer of the WebAssembly
 * figures. What it lacks for training is made of what it has: the gradient in a filter of one
 * matrix product per tap, the gradient of ReLU of a step and a product.
 */
export function withStockKernels<T>(compute: () => T): T {
  const ours = [
    ...stock.map(({ kernelName }) => kernelName),
    'Conv2DBackpropFilter',
    'ReluGrad',
  ].map((name) => tf.getKernel(name, 'wasm'));
  for (const { kernelName } of ours) tf.unregisterKernel(kernelName, 'wasm');
  for (const kernel of [...stock, filterGradient]) tf.registerKernel(kernel);
  try {
    return compute();
  } finally {
    for (const { kernelName } of [...stock, filterGradient]) {
      tf.unregisterKernel(kernelName, 'wasm');
    }
    for (const kernel of ours) tf.registerKernel(kernel);
  }
}

const filterGradient: tf.KernelConfig = {
  kernelName: 'Conv2DBackpropFilter',
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs }) => {
    const { x, dy } = inputs as unknown as { x: tf.Tensor4D; dy: tf.Tensor4D };
    const { strides, pad, filterShape } = attrs as unknown as {
      strides: [number, number];
      pad: 'same' | 'valid';
      filterShape: [number, number, number, number];
    };
    return tf.tidy(() => matrixProductPerTap(x, dy, strides, pad, filterShape));
  },
};

function matrixProductPerTap(
  x: tf.Tensor4D,
  dy: tf.Tensor4D,
  strides: [number, number],
  pad: 'same' | 'valid',
  filterShape: [number, number, number, number],
): tf.Tensor {
  const [kh, kw, ci, co] = filterShape;
  const [n, oh, ow] = dy.shape;
  const { padInfo } = tf.backend_util.computeConv2DInfo(x.shape, filterShape, strides, 1, pad);
  const { top, bottom, left, right } = padInfo;
  const padded = tf.pad(x, [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ]);
  const columns = dy.reshape([n * oh * ow, co]) as tf.Tensor2D;
  const taps: tf.Tensor[] = [];
  for (let i = 0; i < kh; i++) {
    for (let j = 0; j < kw; j++) {
      const end = [n, i + (oh - 1) * strides[0] + 1, j + (ow - 1) * strides[1] + 1, ci];
      const moved = tf.stridedSlice(padded, [0, i, j, 0], end, [1, ...strides, 1]);
      taps.push(tf.matMul(moved.reshape([n * oh * ow, ci]) as tf.Tensor2D, columns, true));
    }
  }
  return tf.stack(taps).reshape(filterShape);
}
