import * as tf from '@tensorflow/tfjs';
import { softTargets } from '../../losses/distillation.ts';
import type { NetworkFunction } from '../../network/network-function.ts';
import { toNetworkInput } from '../../network/network-input.ts';
import type { Random } from '../../random.ts';
import type { Surrogates } from '../../surrogates/surrogates.ts';

/** Which networks are asked what to keep, and how much each counts. */
export interface Teacher {
  readonly theta: tf.Tensor1D;
  readonly share: number;
}

/** The samples that a student's answers are held on. */
export interface RetainSource {
  readonly surrogates: Surrogates;
  /** Real unlabelled samples as read, [n, …sampleShape]; may be empty. */
  readonly proxies: Float32Array;
  /** Share of the batch that comes from them. */
  readonly proxyShare: number;
  readonly random: Random;
}

/** Fills a retain batch with fresh samples, preprocessed, in place. */
export function fillRetainBatch(
  into: Float32Array,
  network: NetworkFunction,
  { surrogates, proxies, proxyShare, random }: RetainSource,
): void {
  const size = network.sampleSize;
  const proxyCount = proxies.length === 0 ? 0 : Math.round((proxyShare * into.length) / size);
  for (let i = 0; i < proxyCount; i++) {
    const from = random.integer(proxies.length / size) * size;
    into.set(proxies.subarray(from, from + size), i * size);
  }
  surrogates.fill(into.subarray(proxyCount * size));
  const { preprocessing, sampleShape } = network.network;
  toNetworkInput(into, preprocessing, sampleShape.at(-1) ?? 1);
}

/** Soft targets of the teachers together: Σ share · softmax(z / T). [n, classes] */
export function teacherTargets(
  network: NetworkFunction,
  teachers: readonly Teacher[],
  input: tf.Tensor,
  temperature: number,
): tf.Tensor2D {
  return tf.tidy(() =>
    tf.addN(
      teachers.map(({ theta, share }) =>
        softTargets(network.logits(theta, input), temperature).mul<tf.Tensor2D>(share),
      ),
    ),
  );
}
