import type * as tf from '@tensorflow/tfjs';
import { type Conv2dAttributes, type Conv2dGeometry, conv2dGeometry } from './conv2d-geometry.ts';
import { runConv2dPass } from './conv2d-pass.ts';
import type { TrainingModule } from './training-module.ts';
import type { Kernel, KernelCall, WasmBackend } from './wasm-runtime.ts';

interface Inputs {
  readonly x: tf.TensorInfo;
  readonly filter: tf.TensorInfo;
  readonly bias?: tf.TensorInfo;
  readonly preluActivationWeights?: tf.TensorInfo;
}

type Attributes = Conv2dAttributes & {
  readonly dilations: number | [number, number];
  /** Only in the fused kernel. */
  readonly activation?: string;
};
type Call = KernelCall<Inputs, Attributes>;

/**
 * Convolution, bias and ReLU in one pass: `Conv2D` and `FusedConv2D`, a third faster than the
 * stock kernels. Dilations, other activations and channels-first tensors stay with those.
 *
 * @returns [n, oh, ow, co]
 */
export function makeConv2d(module: TrainingModule) {
  return (call: Call, stock: Kernel<Call>): tf.TensorInfo => {
    const { backend, inputs, attrs } = call;
    if (!isOurs(inputs, attrs)) return stock(call);
    const g = conv2dGeometry(inputs.x.shape, inputs.filter.shape, attrs);
    const y = backend.makeOutput([g.n, g.oh, g.ow, g.co], 'float32');
    convolve(module, backend, inputs, y, asOneRow(g), attrs.activation === 'relu');
    return y;
  };
}

function convolve(
  module: TrainingModule,
  backend: WasmBackend,
  { x, filter, bias }: Inputs,
  y: tf.TensorInfo,
  g: Conv2dGeometry,
  relu: boolean,
): void {
  const taps = Array.from({ length: g.kh * g.kw }, (_, tap) => tap * g.ci * g.co);
  const layout = { taps, inputs: g.ci, outputs: g.co, inputStep: g.co, outputStep: 1 };
  const steps = { yPixel: g.co, yRow: g.ow * g.co, yImage: g.oh * g.ow * g.co };
  runConv2dPass(module, backend, { ...g, x, filter, bias, layout, relu, y, yStart: 0, ...steps });
}

/** A 1×1 convolution does not care where rows and images end: long rows keep its loop busy. */
function asOneRow(g: Conv2dGeometry): Conv2dGeometry {
  const pointwise = g.kh === 1 && g.kw === 1 && g.strideH === 1 && g.strideW === 1;
  const pixels = g.n * g.h * g.w;
  if (!pointwise || pixels !== g.n * g.oh * g.ow || g.padTop !== 0 || g.padLeft !== 0) return g;
  return { ...g, n: 1, h: 1, w: pixels, oh: 1, ow: pixels };
}

function isOurs(inputs: Inputs, attributes: Attributes): boolean {
  const { dilations, dataFormat, activation = 'linear' } = attributes;
  const { bias, filter } = inputs;
  return (
    [dilations].flat().every((dilation) => dilation === 1) &&
    dataFormat !== 'NCHW' &&
    (activation === 'linear' || activation === 'relu') &&
    inputs.preluActivationWeights == null &&
    (bias == null || (bias.shape.length === 1 && bias.shape[0] === filter.shape[3]))
  );
}
