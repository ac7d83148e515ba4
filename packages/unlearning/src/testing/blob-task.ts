import * as tf from '@tensorflow/tfjs';
import { Random } from '../random.ts';
import type { LabelledSamples, Network, RoundInput } from '../round.ts';

/** A small real problem: overlapping Gaussian blobs, and an MLP that has learnt them by heart. */
export interface BlobTask {
  readonly network: Network;
  readonly weights: Float32Array[];
  readonly train: LabelledSamples;
  readonly heldOut: LabelledSamples;
  readonly test: LabelledSamples;
}

const features = 8;
const classCount = 4;

/** Trained for a few seconds on the open backend; always the same. */
export async function trainBlobTask(): Promise<BlobTask> {
  const random = new Random(7);
  const centres = Float32Array.from({ length: classCount * features }, () => 1.3 * random.normal());
  const draw = (count: number): LabelledSamples => {
    const labels = Int32Array.from({ length: count }, (_, i) => i % classCount);
    const values = Float32Array.from({ length: count * features }, (_, i) => {
      const label = labels[Math.floor(i / features)] as number;
      return (centres[label * features + (i % features)] as number) + 1.2 * random.normal();
    });
    return { values, labels };
  };
  const [train, heldOut, test] = [draw(160), draw(200), draw(400)];
  const network = blobNetwork();
  const { model } = network;
  await fit(model, train);
  const weights = model.getWeights().map((weight) => weight.dataSync<'float32'>().slice());
  return { network, weights, train, heldOut, test };
}

/** The task's network, not trained. */
export function blobNetwork(): Network {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 48, activation: 'relu', inputShape: [features], ...init(1) }),
      tf.layers.dense({ units: 48, activation: 'relu', ...init(2) }),
      tf.layers.dense({ units: classCount, ...init(3) }),
    ],
  });
  const preprocessing = { scale: 1, mean: [0], std: [1] };
  return { model, sampleShape: [features], classCount, isImage: false, preprocessing };
}

/** The first samples of the training set that are spread over all classes. */
export function firstOf({ values, labels }: LabelledSamples, k: number, from = 0): LabelledSamples {
  const size = values.length / labels.length;
  return {
    values: values.slice(from * size, (from + k) * size),
    labels: labels.slice(from, from + k),
  };
}

/** A round on the task, with what a test wants otherwise. */
export function roundOf(task: BlobTask, changes: Partial<RoundInput> = {}): RoundInput {
  return {
    network: task.network,
    weights: task.weights,
    originalWeights: task.weights,
    state: undefined,
    forget: firstOf(task.train, 8),
    mode: 'misclassify',
    method: 'lethe',
    settings: {},
    heldOut: task.heldOut,
    seed: 1,
    ...changes,
  };
}

/** Logits of the task's network with the given weights. */
export function logitsOf(
  { network }: BlobTask,
  weights: readonly Float32Array[],
  samples: LabelledSamples,
): Float32Array {
  return tf.tidy(() => {
    const lent = network.model.getWeights().map((weight) => weight.clone());
    network.model.setWeights(lent.map(({ shape }, i) => tf.tensor(weights[i] ?? [], shape)));
    const x = tf.tensor(samples.values, [samples.labels.length, ...network.sampleShape]);
    const logits = (network.model.predict(x) as tf.Tensor).dataSync<'float32'>().slice();
    network.model.setWeights(lent);
    return logits;
  });
}

function init(seed: number) {
  return { kernelInitializer: tf.initializers.heNormal({ seed }) };
}

async function fit(model: tf.LayersModel, { values, labels }: LabelledSamples): Promise<void> {
  const optimizer = tf.train.adam(0.01);
  const x = tf.tensor(values, [labels.length, features]);
  const y = tf.oneHot(tf.tensor1d(labels, 'int32'), classCount);
  for (let step = 0; step < 60; step++) {
    optimizer.minimize(() =>
      tf.losses.softmaxCrossEntropy(y, model.apply(x, { training: true }) as tf.Tensor2D),
    );
  }
  tf.dispose([x, y]);
  optimizer.dispose();
}
