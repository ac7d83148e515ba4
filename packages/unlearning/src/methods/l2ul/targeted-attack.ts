/**
 * Targeted L2 projected gradient descent (Madry et al. 2018) on samples as read, towards random
 * other labels: the perturbed samples on which L2UL keeps the network's answers.
 */
import * as tf from '@tensorflow/tfjs';
import { copyRows } from '../../copy-rows.ts';
import { crossEntropyLoss } from '../../losses/cross-entropy.ts';
import type { NetworkFunction } from '../../network/network-function.ts';
import { channelAffine, toNetworkInput } from '../../network/network-input.ts';
import type { Random } from '../../random.ts';

export interface AttackOptions {
  /** Perturbed samples per source sample. */
  readonly perturbations: number;
  readonly attackRadius: number;
  readonly attackStep: number;
  readonly attackIterations: number;
}

export interface PerturbedSamples {
  /** Preprocessed for the network: [n · perturbations, …sampleShape], those of a sample together. */
  readonly input: Float32Array;
  /** The labels they were driven to. */
  readonly labels: Int32Array;
}

/**
 * @param values samples as read, [n, …sampleShape]
 * @param before called before every iteration of a batch; may throw to stop
 */
export async function targetedAttack(
  network: NetworkFunction,
  theta: tf.Tensor1D,
  values: Float32Array,
  ownLabels: Int32Array,
  options: AttackOptions,
  random: Random,
  before: (images: number) => Promise<void>,
): Promise<PerturbedSamples> {
  const size = network.sampleSize;
  const { classCount, preprocessing, sampleShape } = network.network;
  const total = ownLabels.length * options.perturbations;
  const input = new Float32Array(total * size);
  const labels = new Int32Array(total);
  for (let from = 0; from < total; from += attackBatch) {
    const count = Math.min(attackBatch, total - from);
    const sources = Array.from({ length: count }, (_, i) =>
      Math.floor((from + i) / options.perturbations),
    );
    const clean = new Float32Array(count * size);
    copyRows(clean, values, sources, size);
    for (const [i, source] of sources.entries()) {
      labels[from + i] = otherLabel(ownLabels[source] as number, classCount, random);
    }
    const targets = labels.slice(from, from + count);
    const perturbed = await attackOne(network, theta, clean, targets, options, random, before);
    input.set(perturbed, from * size);
  }
  toNetworkInput(input, preprocessing, sampleShape.at(-1) ?? 1);
  return { input, labels };
}

async function attackOne(
  network: NetworkFunction,
  theta: tf.Tensor1D,
  clean: Float32Array,
  targets: Int32Array,
  { attackRadius, attackStep, attackIterations }: AttackOptions,
  random: Random,
  before: (images: number) => Promise<void>,
): Promise<Float32Array> {
  const { preprocessing, sampleShape, isImage } = network.network;
  const count = targets.length;
  const source = tf.tensor2d(clean, [count, network.sampleSize]);
  const { factor, shift } = channelAffine(preprocessing, sampleShape.at(-1) ?? 1);
  const factors = tf.tensor1d(Float32Array.from(factor));
  const shifts = tf.tensor1d(Float32Array.from(shift));
  const keepInRange = (x: tf.Tensor2D) => (isImage ? x.clipByValue(0, 1) : x) as tf.Tensor2D;

  const slope = tf.grad((x: tf.Tensor) => {
    const image = x.reshape([count, ...sampleShape]);
    return crossEntropyLoss(network.logits(theta, image.mul(factors).add(shifts)), targets);
  });
  let x = tf.tidy(() => {
    const start = tf.tensor2d(randomInBall(count, network.sampleSize, attackRadius, random), [
      count,
      network.sampleSize,
    ]);
    return keepInRange(source.add(start));
  });
  try {
    for (let iteration = 0; iteration < attackIterations; iteration++) {
      await before(count);
      const next = tf.tidy(() => {
        const gradient = slope(x) as tf.Tensor2D;
        const moved = x.sub(gradient.div(norms(gradient).add(1e-10)).mul(attackStep));
        const delta = moved.sub(source) as tf.Tensor2D;
        const within = tf.minimum(tf.div(attackRadius, norms(delta).add(1e-10)), 1);
        return keepInRange(source.add(delta.mul(within)));
      });
      x.dispose();
      x = next;
    }
    return (await x.data<'float32'>()).slice();
  } finally {
    tf.dispose([x, source, factors, shifts]);
  }
}

/** Norm of each row: [n, 1]. */
function norms(rows: tf.Tensor2D): tf.Tensor2D {
  return rows.square().sum<tf.Tensor2D>(1, true).sqrt();
}

/** Gaussian directions, lengths uniform in 0 … radius. */
function randomInBall(count: number, size: number, radius: number, random: Random): Float32Array {
  const points = Float32Array.from({ length: count * size }, () => random.normal());
  for (let i = 0; i < count; i++) {
    const point = points.subarray(i * size, (i + 1) * size);
    const length = Math.sqrt(point.reduce((sum, value) => sum + value * value, 0));
    const scale = (radius * random.uniform()) / length;
    for (let j = 0; j < size; j++) point[j] = (point[j] as number) * scale;
  }
  return points;
}

function otherLabel(own: number, classCount: number, random: Random): number {
  const drawn = random.integer(classCount - 1);
  return drawn < own ? drawn : drawn + 1;
}

/** Samples attacked at a time. */
const attackBatch = 256;
