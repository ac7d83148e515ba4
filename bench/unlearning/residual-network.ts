import * as tf from '@tensorflow/tfjs';

export interface ResidualShape {
  /** n: blocks of each of the three stages; 3 makes ResNet-20. */
  readonly blocks: number;
  /** [height, width, channels] of an image */
  readonly sampleShape: readonly number[];
  /** With batch normalisation, as it is trained first; or with that folded into the convolutions. */
  readonly normalised: boolean;
}

/**
 * ResNet for CIFAR (He et al. 2016, "Deep Residual Learning for Image Recognition", §4.2) of 6n + 2
 * layers that are yet to be trained. Shortcut option A as a frozen 1×1 stride-2 convolution that
 * copies the channels there are and leaves the new ones zero. Images [n, …sampleShape] in, logits
 * [n, 10] out.
 */
export function residualNetwork({
  blocks,
  sampleShape,
  normalised,
}: ResidualShape): tf.LayersModel {
  const input = tf.input({ shape: [...sampleShape] });
  let x = relu(convolve(input, 16, 1));
  for (const [stage, filters] of [16, 32, 64].entries()) {
    for (let block = 0; block < blocks; block++) {
      x = residualBlock(x, filters, stage > 0 && block === 0 ? 2 : 1);
    }
  }
  const pooled = tf.layers.globalAveragePooling2d({}).apply(x);
  const logits = tf.layers.dense({ units: 10 }).apply(pooled) as tf.SymbolicTensor;
  return tf.model({ inputs: input, outputs: logits });

  function residualBlock(x: tf.SymbolicTensor, filters: number, stride: number) {
    const inner = relu(convolve(x, filters, stride));
    const outer = convolve(inner, filters, 1);
    const skip = stride === 1 ? x : shortcut(x, filters);
    return relu(tf.layers.add().apply([outer, skip]) as tf.SymbolicTensor);
  }

  function convolve(x: tf.SymbolicTensor, filters: number, strides: number): tf.SymbolicTensor {
    const kernelInitializer = tf.initializers.heNormal({ seed: 1 });
    const convolved = tf.layers
      .conv2d({
        filters,
        strides,
        kernelSize: 3,
        padding: 'same',
        kernelInitializer,
        useBias: !normalised,
      })
      .apply(x) as tf.SymbolicTensor;
    if (!normalised) return convolved;
    return tf.layers.batchNormalization({ epsilon: 1e-5 }).apply(convolved) as tf.SymbolicTensor;
  }
}

function shortcut(x: tf.SymbolicTensor, filters: number): tf.SymbolicTensor {
  const channels = x.shape.at(-1)!;
  const kernel = tf.eye(channels, filters).reshape([1, 1, channels, filters]);
  const layer = tf.layers.conv2d({
    filters,
    kernelSize: 1,
    strides: 2,
    useBias: false,
    trainable: false,
    weights: [kernel],
  });
  return layer.apply(x) as tf.SymbolicTensor;
}

function relu(x: tf.SymbolicTensor): tf.SymbolicTensor {
  return tf.layers.reLU().apply(x) as tf.SymbolicTensor;
}
