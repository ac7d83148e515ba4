// For tests, run in a compute process: a digest of the weights of networks after three Adam steps.
import { createHash } from 'node:crypto';
import type { JobFunction } from '@lethe/compute';
import * as tf from '@tensorflow/tfjs';
import { residualNetwork } from '../../bench/unlearning/residual-network.ts';

const { layers } = tf;

/** What the engine trains: residual, depthwise, and normalised by the batch. */
const networks: Readonly<Record<string, () => tf.LayersModel>> = {
  'ResNet-20': () => residualNetwork({ blocks: 3, sampleShape: [32, 32, 3], normalised: false }),
  'depthwise convolutions': () =>
    tf.sequential({
      layers: [
        layers.conv2d({ filters: 8, kernelSize: 3, inputShape: [32, 32, 3] }),
        layers.depthwiseConv2d({ kernelSize: 3, strides: 2, padding: 'same', depthMultiplier: 2 }),
        layers.reLU({ maxValue: 6 }),
        layers.depthwiseConv2d({ kernelSize: 3 }),
        layers.maxPooling2d({ poolSize: 3, strides: 2 }),
        layers.globalAveragePooling2d({}),
        layers.dense({ units: 10 }),
      ],
    }),
  'batch normalisation': () =>
    tf.sequential({
      layers: [
        layers.conv2d({ filters: 16, kernelSize: 3, inputShape: [32, 32, 3] }),
        layers.batchNormalization(),
        layers.reLU(),
        layers.conv2d({ filters: 16, kernelSize: 3 }),
        layers.batchNormalization(),
        layers.averagePooling2d({ poolSize: 4 }),
        layers.flatten(),
        layers.dense({ units: 10 }),
      ],
    }),
};

/** By name of the network. */
export type NetworksOutput = Readonly<Record<string, string>>;

export const run: JobFunction<undefined, NetworksOutput, never> = async () => {
  const digests: Record<string, string> = {};
  for (const [name, build] of Object.entries(networks)) digests[name] = await train(build());
  return digests;
};

async function train(model: tf.LayersModel): Promise<string> {
  const images = tf.randomNormal([64, 32, 32, 3], 0, 1, 'float32', 1);
  const labels = tf.oneHot(
    Array.from({ length: 64 }, (_, i) => i % 10),
    10,
  );
  const optimizer = tf.train.adam(1e-3);
  const drawn = model.trainableWeights.map(({ shape }, i) =>
    tf.randomNormal(shape as number[], 0, 0.1, 'float32', i + 2),
  );
  for (const [i, weight] of model.trainableWeights.entries()) weight.write(drawn[i]!);
  const digest = createHash('sha256');
  for (let step = 0; step < 3; step++) {
    const loss = optimizer.minimize(
      () =>
        tf.losses.softmaxCrossEntropy(
          labels,
          model.apply(images, { training: true }) as tf.Tensor,
        ) as tf.Scalar,
      true,
    );
    digest.update(await loss!.data<'float32'>());
  }
  for (const weight of model.getWeights()) digest.update(await weight.data<'float32'>());
  tf.dispose([images, labels, drawn]);
  model.dispose();
  return digest.digest('hex');
}
