import type * as tf from '@tensorflow/tfjs';
import { type FilterLayout, packBias, packFilter } from './packed-filter.ts';
import type { TrainingModule } from './training-module.ts';
import { floatsOf, type WasmBackend } from './wasm-runtime.ts';

/** One run of the convolution kernel. Sizes and steps are counted in values, not in bytes. */
export interface Conv2dPass {
  readonly x: tf.TensorInfo;
  readonly n: number;
  readonly h: number;
  readonly w: number;
  readonly filter: tf.TensorInfo;
  readonly kh: number;
  readonly kw: number;
  readonly layout: FilterLayout;
  readonly bias?: tf.TensorInfo | undefined;
  readonly oh: number;
  readonly ow: number;
  readonly strideH: number;
  readonly strideW: number;
  /** Rows of zeros above the input; negative: rows of it left out. */
  readonly padTop: number;
  readonly padLeft: number;
  readonly relu?: boolean;
  readonly y: tf.TensorInfo;
  /** Where in y the first pixel goes, and how far it is to the next pixel, row and image. */
  readonly yStart: number;
  readonly yPixel: number;
  readonly yRow: number;
  readonly yImage: number;
}

/** Convolves `x` into `y`, with scratch space on the same heap. */
export function runConv2dPass(
  module: TrainingModule,
  backend: WasmBackend,
  pass: Conv2dPass,
): void {
  const { inputs: ci, outputs: co } = pass.layout;
  const { kh, kw, oh, ow, strideH, strideW } = pass;
  const filter = packFilter(backend, pass.filter, pass.layout);
  const bias = packBias(backend, pass.bias, co);
  const frameBytes = module.conv2dFrameBytes(ci, kh, kw, oh, ow, strideH, strideW);
  const frame = backend.makeOutput([frameBytes / 4 + 8], 'float32');
  const at = (tensor: tf.TensorInfo) => floatsOf(backend, tensor).byteOffset;
  module.conv2d(
    ...[at(pass.x), at(filter), at(bias), at(pass.y) + pass.yStart * 4, at(frame)],
    ...[pass.n, pass.h, pass.w, ci, kh, kw, co, oh, ow, strideH, strideW],
    ...[pass.padTop, pass.padLeft, pass.yPixel * 4, pass.yRow * 4, pass.yImage * 4],
    pass.relu ? 1 : 0,
  );
  for (const scratch of [filter, bias, frame]) backend.disposeData(scratch.dataId);
}
