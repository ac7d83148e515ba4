/**
 * The CIFAR variant of ResNet (He et al. 2016, "Deep Residual Learning for Image Recognition",
 * §4.2): a 3×3 stem, three stages of n blocks with w, 2w and 4w channels, global average
 * pooling and one dense layer; 6n + 2 layers. Shortcuts are option A: where a stage begins,
 * every second pixel, with zero channels padded on both sides. Here that shortcut is a frozen
 * 1×1 convolution of stride 2 with an identity kernel, so that the network has standard layers
 * only.
 */
import type { ModelParts, NamedWeight } from '../model-parts.ts';
import type { JsonObject, LayerConfig } from '../network-config.ts';

export interface CifarResNetShape {
  /** n: blocks of a stage; ResNet-20 has 3. */
  readonly blocks: number;
  /** w: channels of the first stage; 16 in the paper. */
  readonly width: number;
  readonly channels: number;
  readonly classCount: number;
  /** Height and width of an image. */
  readonly inputSize: number;
}

/** Values of a PyTorch tensor by its name in the state dict, checked against a shape. */
export type TensorSource = (name: string, shape: readonly number[]) => Float32Array;

/** PyTorch's default. */
const epsilon = 1e-5;

/** The network as layers and weights, without its softmax. */
export function cifarResNet(shape: CifarResNetShape, tensor: TensorSource): ModelParts {
  const layers: LayerConfig[] = [];
  const weights = new Map<string, readonly NamedWeight[]>();
  const add = (
    className: string,
    name: string,
    inputs: readonly string[],
    config: JsonObject,
    layerWeights: Readonly<Record<string, readonly [readonly number[], Float32Array]>> = {},
  ): string => {
    layers.push({
      class_name: className,
      name,
      config: { name, ...config },
      inbound_nodes: inputs.length === 0 ? [] : [inputs.map((input) => [input, 0, 0])],
    });
    weights.set(
      name,
      Object.entries(layerWeights).map(([weight, [weightShape, values]]) => ({
        name: `${name}/${weight}`,
        shape: weightShape,
        values,
      })),
    );
    return name;
  };

  const relu = (name: string, input: string) =>
    add('Activation', name, [input], { activation: 'relu' });

  const batchNorm = (name: string, entry: string, input: string, channels: number) =>
    add(
      'BatchNormalization',
      name,
      [input],
      { axis: -1, epsilon },
      {
        gamma: [[channels], tensor(`${entry}.weight`, [channels])],
        beta: [[channels], tensor(`${entry}.bias`, [channels])],
        moving_mean: [[channels], tensor(`${entry}.running_mean`, [channels])],
        moving_variance: [[channels], tensor(`${entry}.running_var`, [channels])],
      },
    );

  const conv3x3 = (entry: string, input: string, from: number, to: number, stride: number) => {
    const name = entry.replaceAll('.', '_');
    // At stride 2 'same' would pad on one side only; PyTorch pads on both.
    const padded =
      stride === 1
        ? input
        : add('ZeroPadding2D', `${name}_pad`, [input], {
            padding: [
              [1, 1],
              [1, 1],
            ],
          });
    const config = {
      filters: to,
      kernel_size: [3, 3],
      strides: [stride, stride],
      padding: stride === 1 ? 'same' : 'valid',
      use_bias: false,
    };
    const values = tensor(`${entry}.weight`, [to, from, 3, 3]);
    return add('Conv2D', name, [padded], config, {
      kernel: [[3, 3, from, to], kernelFromPyTorch(values, to, from, 3)],
    });
  };

  const shortcut = (block: string, input: string, from: number, to: number) =>
    add(
      'Conv2D',
      `${block}_shortcut`,
      [input],
      {
        filters: to,
        kernel_size: [1, 1],
        strides: [2, 2],
        padding: 'valid',
        use_bias: false,
        trainable: false,
      },
      { kernel: [[1, 1, from, to], zeroPaddedIdentity(from, to)] },
    );

  const { blocks, width, channels, classCount, inputSize } = shape;
  let last = add('InputLayer', 'image', [], {
    batch_input_shape: [null, inputSize, inputSize, channels],
    dtype: 'float32',
    sparse: false,
  });
  last = conv3x3('conv1', last, channels, width, 1);
  last = relu('relu1', batchNorm('bn1', 'bn1', last, width));
  let from = width;
  for (const stage of [1, 2, 3]) {
    const to = width * 2 ** (stage - 1);
    for (let index = 0; index < blocks; index++) {
      const entry = `layer${stage}.${index}`;
      const block = `layer${stage}_${index}`;
      const stride = to === from ? 1 : 2;
      const skip = stride === 1 ? last : shortcut(block, last, from, to);
      const first = conv3x3(`${entry}.conv1`, last, from, to, stride);
      const active = relu(`${block}_relu1`, batchNorm(`${block}_bn1`, `${entry}.bn1`, first, to));
      const second = conv3x3(`${entry}.conv2`, active, to, to, 1);
      const residual = batchNorm(`${block}_bn2`, `${entry}.bn2`, second, to);
      const sum = add('Add', `${block}_add`, [residual, skip], {});
      last = relu(`${block}_relu2`, sum);
      from = to;
    }
  }
  last = add('GlobalAveragePooling2D', 'pool', [last], {});
  const dense = tensor('linear.weight', [classCount, from]);
  last = add(
    'Dense',
    'linear',
    [last],
    { units: classCount },
    {
      kernel: [[from, classCount], transposed(dense, classCount, from)],
      bias: [[classCount], tensor('linear.bias', [classCount])],
    },
  );
  return {
    network: {
      name: `resnet${6 * blocks + 2}`,
      layers,
      input_layers: [['image', 0, 0]],
      output_layers: [[last, 0, 0]],
    },
    weights,
  };
}

/** [out, in, k, k] → [k, k, in, out] */
function kernelFromPyTorch(values: Float32Array, out: number, into: number, k: number) {
  const kernel = new Float32Array(values.length);
  for (let o = 0; o < out; o++) {
    for (let i = 0; i < into; i++) {
      for (let p = 0; p < k * k; p++) {
        kernel[(p * into + i) * out + o] = values[(o * into + i) * k * k + p]!;
      }
    }
  }
  return kernel;
}

/** [rows, columns] → [columns, rows] */
function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  return values.map((_, i) => values[(i % rows) * columns + Math.floor(i / rows)]!);
}

/** Channel i goes to channel i + (to − from)/2; the others are zero. Shape [1, 1, from, to]. */
function zeroPaddedIdentity(from: number, to: number): Float32Array {
  const kernel = new Float32Array(from * to);
  const before = Math.floor((to - from) / 2);
  for (let i = 0; i < from; i++) kernel[i * to + before + i] = 1;
  return kernel;
}
