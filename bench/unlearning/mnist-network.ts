import type { LabelledSamples } from '@lethe/unlearning';
import * as tf from '@tensorflow/tfjs';

/**
 * A small convolutional network of 207,000 weights, taught the images nearly by heart: small
 * enough for many seeds and hundreds of rounds. Always the same on the same backend.
 */
export function trainMnistNetwork(samples: LabelledSamples, epochs: number): tf.LayersModel {
  const model = tf.sequential({
    layers: [
      convolution(16, 1, [28, 28, 1]),
      convolution(32, 2),
      tf.layers.flatten({}),
      tf.layers.dense({ units: 128, activation: 'relu', kernelInitializer: seeded(3) }),
      tf.layers.dense({ units: 10, kernelInitializer: seeded(4) }),
    ],
  });
  learn(model, samples, epochs);
  return model;
}

function convolution(filters: number, seed: number, inputShape?: number[]): tf.layers.Layer {
  return tf.layers.conv2d({
    filters,
    strides: 2,
    kernelSize: 3,
    padding: 'same',
    activation: 'relu',
    kernelInitializer: seeded(seed),
    ...(inputShape === undefined ? {} : { inputShape }),
  });
}

function seeded(seed: number) {
  return tf.initializers.heNormal({ seed });
}

function learn(
  model: tf.LayersModel,
  { values: samples, labels }: LabelledSamples,
  epochs: number,
): void {
  const optimizer = tf.train.adam(1e-3);
  const size = samples.length / labels.length;
  const shape = model.inputs[0]?.shape.slice(1) as number[];
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (let from = 0; from < labels.length; from += 100) {
      tf.tidy(() => {
        const some = labels.subarray(from, from + 100);
        const x = tf.tensor(samples.slice(from * size, (from + some.length) * size), [
          some.length,
          ...shape,
        ]);
        const y = tf.oneHot(tf.tensor1d(some, 'int32'), 10);
        optimizer.minimize(() => tf.losses.softmaxCrossEntropy(y, model.apply(x) as tf.Tensor2D));
      });
    }
  }
  optimizer.dispose();
}
