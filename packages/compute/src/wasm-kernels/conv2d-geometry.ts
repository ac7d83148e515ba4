import { LetheError } from '@lethe/contracts';
import * as tf from '@tensorflow/tfjs';

/** Attributes that tfjs gives to convolutions and their gradients. */
export interface Conv2dAttributes {
  readonly strides: number | [number, number];
  readonly pad: 'valid' | 'same' | number | tf.backend_util.ExplicitPadding;
  /** Absent in depthwise gradients. */
  readonly dataFormat?: 'NHWC' | 'NCHW';
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/** Sizes of a convolution: x [n, h, w, ci], filter [kh, kw, ci, co], y [n, oh, ow, co]. */
export interface Conv2dGeometry {
  readonly n: number;
  readonly h: number;
  readonly w: number;
  readonly ci: number;
  readonly kh: number;
  readonly kw: number;
  readonly co: number;
  readonly oh: number;
  readonly ow: number;
  readonly strideH: number;
  readonly strideW: number;
  readonly padTop: number;
  readonly padLeft: number;
}

/** @throws LetheError `invalid` for channels-first tensors. */
export function conv2dGeometry(
  xShape: readonly number[],
  filterShape: readonly number[],
  attributes: Conv2dAttributes,
  depthwise = false,
): Conv2dGeometry {
  const { strides, pad, dataFormat, dimRoundingMode } = attributes;
  if (dataFormat === 'NCHW') {
    throw LetheError.invalid(
      'dataFormat',
      dataFormat,
      'the WebAssembly backend trains channels-last convolutions only',
      'Use channelsLast (NHWC).',
    );
  }
  const info = tf.backend_util.computeConv2DInfo(
    xShape as [number, number, number, number],
    filterShape as [number, number, number, number],
    strides,
    1,
    pad,
    dimRoundingMode,
    depthwise,
  );
  return {
    n: info.batchSize,
    h: info.inHeight,
    w: info.inWidth,
    ci: info.inChannels,
    kh: info.filterHeight,
    kw: info.filterWidth,
    co: info.outChannels,
    oh: info.outHeight,
    ow: info.outWidth,
    strideH: info.strideHeight,
    strideW: info.strideWidth,
    padTop: info.padInfo.top,
    padLeft: info.padInfo.left,
  };
}

/** The sizes in the order in which the gradients in packages/compute/assembly take them. */
export function geometryArguments(g: Conv2dGeometry): number[] {
  return [
    ...[g.n, g.h, g.w, g.ci, g.kh, g.kw, g.co, g.oh, g.ow],
    ...[g.strideH, g.strideW, g.padTop, g.padLeft],
  ];
}
