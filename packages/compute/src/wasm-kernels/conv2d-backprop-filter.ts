import type * as tf from '@tensorflow/tfjs';
import { type Conv2dGradientAttributes, conv2dGeometry } from './conv2d-geometry.ts';
import { floatsOf, invokeKernel, type KernelCall, type WasmBackend } from './wasm-runtime.ts';

type Inputs = { readonly x: tf.TensorInfo; readonly dy: tf.TensorInfo };
type Attributes = Conv2dGradientAttributes & { readonly filterShape: number[] };

/**
 * Gradient of a convolution in its filter, which the stock backend lacks. It is itself a
 * convolution: of xᵀ [ci, h, w, n] with dyᵀ [oh, ow, n, co] as the filter, whose taps lie a
 * stride apart (dilation = stride), so the fast forward kernel does the work.
 *
 * @returns [kh, kw, ci, co]
 */
export function conv2dBackpropFilter(call: KernelCall<Inputs, Attributes>): tf.TensorInfo {
  const { backend, inputs, attrs } = call;
  const { h, w, ci, kh, kw, co, oh, ow, ...g } = conv2dGeometry(
    inputs.x.shape,
    attrs.filterShape,
    attrs,
  );
  const xT = invokeKernel(backend, 'Transpose', { x: inputs.x }, { perm: [3, 1, 2, 0] });
  const dyT = invokeKernel(backend, 'Transpose', { x: inputs.dy }, { perm: [1, 2, 0, 3] });
  const [bottom, right] = [
    kh + (oh - 1) * g.strideH - h - g.padTop,
    kw + (ow - 1) * g.strideW - w - g.padLeft,
  ];
  const correlation = invokeKernel(
    backend,
    'Conv2D',
    { x: xT, filter: dyT },
    {
      strides: [1, 1],
      dilations: [g.strideH, g.strideW],
      pad: [
        [0, 0],
        [g.padTop, Math.max(bottom, 0)],
        [g.padLeft, Math.max(right, 0)],
        [0, 0],
      ],
      dataFormat: 'NHWC',
    },
  );
  backend.disposeData(xT.dataId);
  backend.disposeData(dyT.dataId);
  const filterGradient = backend.makeOutput([kh, kw, ci, co], 'float32');
  reorder(backend, correlation, filterGradient);
  backend.disposeData(correlation.dataId);
  return filterGradient;
}

/** [ci, ≥kh, ≥kw, co] → [kh, kw, ci, co]; rows and columns that x has left over fall away. */
function reorder(backend: WasmBackend, source: tf.TensorInfo, target: tf.TensorInfo): void {
  const [kh, kw, ci, co] = target.shape as [number, number, number, number];
  const [, rows, columns] = source.shape as [number, number, number, number];
  const from = floatsOf(backend, source);
  const to = floatsOf(backend, target);
  let position = 0;
  for (let i = 0; i < kh; i++) {
    for (let j = 0; j < kw; j++) {
      for (let c = 0; c < ci; c++) {
        const start = ((c * rows + i) * columns + j) * co;
        to.set(from.subarray(start, start + co), position);
        position += co;
      }
    }
  }
}
