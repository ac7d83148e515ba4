import * as tf from '@tensorflow/tfjs';
import { inputFacingWeights } from './input-facing.ts';
import type { NetworkFunction, Segment } from './network-function.ts';

/** A layer that is a matrix product: z = W ᵀ a + b, at one place or at many. */
export interface AffineLayer {
  readonly layer: tf.layers.Layer;
  /** W: its values are [inputs, outputs], row-major. */
  readonly kernel: Segment;
  readonly bias: Segment | undefined;
  readonly inputs: number;
  readonly outputs: number;
  /** What it multiplies is the sample itself. */
  readonly inputFacing: boolean;
  /** What W multiplies, [n · places, inputs], from the layer's input. */
  readonly rowsOf: (input: tf.Tensor) => tf.Tensor2D;
}

/** Dense layers and convolutions whose kernel is trained, those of inner networks too. */
export function affineLayers({ network, segments }: NetworkFunction): AffineLayer[] {
  const facing = inputFacingWeights(network.model);
  const byName = new Map(segments.map((segment) => [segment.name, segment]));
  return layersOf(network.model).flatMap((layer) => {
    const rowsOf = rowsFor(layer);
    if (rowsOf === undefined) return [];
    const [kernel, bias] = layer.weights.map((weight) =>
      byName.get((weight.read() as tf.Variable).name),
    );
    if (kernel === undefined) return [];
    const outputs = kernel.shape.at(-1) as number;
    const inputs = (kernel.to - kernel.from) / outputs;
    const inputFacing = facing.has(kernel.name);
    return [{ layer, kernel, bias, inputs, outputs, inputFacing, rowsOf }];
  });
}

function layersOf(model: tf.LayersModel): tf.layers.Layer[] {
  return model.layers.flatMap((layer) =>
    layer instanceof tf.LayersModel ? layersOf(layer) : [layer],
  );
}

function rowsFor(layer: tf.layers.Layer): AffineLayer['rowsOf'] | undefined {
  switch (layer.getClassName()) {
    case 'Dense':
      return (input) => input.reshape<tf.Tensor2D>([-1, input.shape.at(-1) as number]);
    case 'Conv2D': {
      const config = layer.getConfig() as unknown as PatchConfig;
      return config.dataFormat === 'channelsFirst'
        ? undefined
        : (input) => patches(input as tf.Tensor4D, config);
    }
    default:
      return undefined;
  }
}

interface PatchConfig {
  readonly kernelSize: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilationRate: readonly [number, number];
  readonly padding: string;
  readonly dataFormat: string;
}

/** What a convolution multiplies at each place: [n · height · width, kernel height · width · channels]. */
function patches(input: tf.Tensor4D, config: PatchConfig): tf.Tensor2D {
  return tf.tidy(() => {
    const [n, height, width, channels] = input.shape;
    const vertical = axisOf(height, 0, config);
    const horizontal = axisOf(width, 1, config);
    const padded = input.pad([[0, 0], vertical.padding, horizontal.padding, [0, 0]]);
    const shifted = vertical.offsets.flatMap((y) =>
      horizontal.offsets.map((x) =>
        padded.stridedSlice(
          [0, y, x, 0],
          [n, y + vertical.extent, x + horizontal.extent, channels],
          [1, vertical.stride, horizontal.stride, 1],
        ),
      ),
    );
    return tf.concat(shifted, 3).reshape<tf.Tensor2D>([-1, shifted.length * channels]);
  });
}

function axisOf(size: number, axis: 0 | 1, config: PatchConfig) {
  const [kernel, stride] = [config.kernelSize[axis], config.strides[axis]];
  const dilation = config.dilationRate[axis];
  const reach = (kernel - 1) * dilation + 1;
  const same = config.padding === 'same';
  const places = same ? Math.ceil(size / stride) : Math.floor((size - reach) / stride) + 1;
  const lacking = same ? Math.max(0, (places - 1) * stride + reach - size) : 0;
  const before = Math.floor(lacking / 2);
  return {
    padding: [before, lacking - before] as [number, number],
    offsets: Array.from({ length: kernel }, (_, i) => i * dilation),
    extent: (places - 1) * stride + 1,
    stride,
  };
}
