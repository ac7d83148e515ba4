// For tests, run in a compute process: one round on the blob network, and what is left of it.
import type { JobFunction } from '@lethe/compute';
import {
  type LabelledSamples,
  type RoundInput,
  type RoundResult,
  runRound,
} from '@lethe/unlearning';
import * as tf from '@tensorflow/tfjs';
import { blobNetwork } from '../../packages/unlearning/src/testing/blob-task.ts';
import { deviceBytes } from './device-bytes.ts';

export interface RoundJobInput {
  readonly weights: readonly Float32Array[];
  readonly forget: LabelledSamples;
  readonly heldOut: LabelledSamples;
  readonly settings: RoundInput['settings'];
}

export interface RoundJobOutput {
  readonly result: RoundResult;
  /** Tensors, and bytes of the device in use, before and after the round. */
  readonly tensors: readonly [number, number];
  readonly bytes: readonly [number, number];
}

export const run: JobFunction<RoundJobInput, RoundJobOutput, never> = async (input) => {
  const network = blobNetwork();
  const before = [tf.memory().numTensors, await usedBytes()] as const;
  const { weights, forget, heldOut, settings } = input;
  const result = await runRound({
    ...{ network, weights, originalWeights: weights, state: undefined },
    ...{ forget, heldOut, settings, mode: 'misclassify', method: 'lethe', seed: 1 },
  });
  const after = [tf.memory().numTensors, await usedBytes()] as const;
  return { result, tensors: [before[0], after[0]], bytes: [before[1], after[1]] };
};

/** Reading something makes the device let go of what waits for it. */
async function usedBytes(): Promise<number> {
  const read = tf.tidy(() => tf.ones([64, 64]).square());
  await read.data();
  read.dispose();
  return deviceBytes();
}
