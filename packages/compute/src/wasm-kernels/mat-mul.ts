import type * as tf from '@tensorflow/tfjs';
import { geometryArguments } from './conv2d-geometry.ts';
import { runConv2dPass } from './conv2d-pass.ts';
import type { TrainingModule } from './training-module.ts';
import { floatsOf, type Kernel, type KernelCall, type WasmBackend } from './wasm-runtime.ts';

interface Inputs {
  readonly a: tf.TensorInfo;
  readonly b: tf.TensorInfo;
}
interface Attributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}
type Call = KernelCall<Inputs, Attributes>;

/**
 * Matrix products with one side transposed, as the gradients of a dense layer are; the stock
 * kernel reads these value by value, fifty times as slowly, and keeps all other products.
 * Rows are pixels and columns channels: A·Bᵀ is then a 1×1 convolution, Aᵀ·B the gradient of
 * one in its filter.
 */
export function makeMatMul(module: TrainingModule) {
  return (call: Call, stock: Kernel<Call>): tf.TensorInfo => {
    const { backend, inputs, attrs } = call;
    const { a, b } = inputs;
    const isOurs = isSingle(a) && isSingle(b) && a.dtype === 'float32' && b.dtype === 'float32';
    if (!isOurs || attrs.transposeA === attrs.transposeB) return stock(call);
    return attrs.transposeA
      ? transposedTimes(module, backend, a, b)
      : timesTransposed(module, backend, a, b);
  };
}

/** A [rows, k] · (B [columns, k])ᵀ */
function timesTransposed(
  module: TrainingModule,
  backend: WasmBackend,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
): tf.TensorInfo {
  const [rows, k] = lastTwo(a);
  const [columns] = lastTwo(b);
  const y = backend.makeOutput([...outer(a, b), rows, columns], 'float32');
  runConv2dPass(module, backend, {
    ...{ x: a, n: 1, h: 1, w: rows, filter: b, kh: 1, kw: 1 },
    layout: { taps: [0], inputs: k, outputs: columns, inputStep: 1, outputStep: k },
    ...{ oh: 1, ow: rows, strideH: 1, strideW: 1, padTop: 0, padLeft: 0 },
    ...{ y, yStart: 0, yPixel: columns, yRow: rows * columns, yImage: rows * columns },
  });
  return y;
}

/** (A [k, rows])ᵀ · B [k, columns] */
function transposedTimes(
  module: TrainingModule,
  backend: WasmBackend,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
): tf.TensorInfo {
  const [k, rows] = lastTwo(a);
  const [, columns] = lastTwo(b);
  const y = backend.makeOutput([...outer(a, b), rows, columns], 'float32');
  const at = (tensor: tf.TensorInfo) => floatsOf(backend, tensor).byteOffset;
  const sizes = geometryArguments({
    ...{ n: 1, h: 1, w: k, ci: rows, kh: 1, kw: 1, co: columns, oh: 1, ow: k },
    ...{ strideH: 1, strideW: 1, padTop: 0, padLeft: 0 },
  });
  module.conv2dFilterGradient(...[at(a), at(b), at(y)], ...sizes);
  return y;
}

function lastTwo({ shape }: tf.TensorInfo): [number, number] {
  return shape.slice(-2) as [number, number];
}

/** Leading axes of the result: of a single matrix, all of length 1. */
function outer(a: tf.TensorInfo, b: tf.TensorInfo): number[] {
  return Array<number>(Math.max(a.shape.length, b.shape.length) - 2).fill(1);
}

function isSingle({ shape }: tf.TensorInfo): boolean {
  return shape.slice(0, -2).every((length) => length === 1);
}
