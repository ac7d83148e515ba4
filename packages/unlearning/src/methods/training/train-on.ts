import * as tf from '@tensorflow/tfjs';
import { copyRows } from '../../copy-rows.ts';
import { crossEntropyLoss } from '../../losses/cross-entropy.ts';
import type { NetworkFunction, Normalisation } from '../../network/network-function.ts';
import { toNetworkInput } from '../../network/network-input.ts';
import { adam } from '../../optimizers/adam.ts';
import type { LabelledSamples } from '../../round.ts';
import type { Settings } from '../../settings.ts';
import type { RoundWork } from '../round-work.ts';
import { augmentation, type BatchMoves } from './augmentation.ts';
import type { trainingSettings } from './training-settings.ts';

/** What training needs of a round. */
export type TrainingWork = Pick<
  RoundWork,
  'network' | 'meter' | 'forgetAccuracyBefore' | 'checkpoint'
>;

/** How training ended. */
export interface Trained {
  readonly kind: 'stopped' | 'out_of_epochs' | 'diverged';
  /** [parameters] */
  readonly theta: Float32Array;
  readonly steps: number;
}

/** What changes from step to step. */
export interface TrainingSchedule {
  /** Share of the step size at a step. */
  readonly pace: (step: number, steps: number) => number;
  /** Asked after every epoch; training ends when it is true. */
  readonly enough: (theta: tf.Tensor1D) => Promise<boolean>;
  readonly random: RoundWork['random'];
  /** What batch normalisation goes by. */
  readonly normalisation: Normalisation;
}

/**
 * Ordinary training: cross-entropy on shuffled batches, Adam. The running statistics of batch
 * normalisation stay as they are.
 *
 * @param start θ at the first step, [parameters]
 */
export async function trainOn(
  work: TrainingWork,
  samples: LabelledSamples,
  start: Float32Array,
  settings: Settings<typeof trainingSettings>,
  { pace, enough, random, normalisation }: TrainingSchedule,
): Promise<Trained> {
  const { network, meter, forgetAccuracyBefore: forgetAccuracy } = work;
  const n = samples.labels.length;
  const stepsPerEpoch = Math.ceil(n / settings.batch);
  const stepLimit = settings.epochs * stepsPerEpoch;
  using optimizer = adam(network.parameterCount);
  const augment = augmentation(network.network, settings.augment, random.fork('augment'));
  let theta = tf.tensor1d(start);
  let step = 0;
  try {
    for (let epoch = 0; epoch < settings.epochs; epoch++) {
      const order = random.permutation(n);
      for (let from = 0; from < n; from += settings.batch, step++) {
        const { input, labels } = batchOf(order.subarray(from, from + settings.batch));
        meter.training += labels.length;
        const { loss, logits, gradient } = tf.tidy(() => {
          const result = network.gradient(
            theta,
            network.tensorOf(input),
            (z) => crossEntropyLoss(z, labels),
            normalisation,
          );
          const decay = theta.mul<tf.Tensor1D>(settings.weightDecay);
          return { ...result, gradient: result.gradient.add<tf.Tensor1D>(decay) };
        });
        const [lossValue] = await loss.data<'float32'>();
        const next = optimizer.step(theta, gradient, settings.learningRate * pace(step, stepLimit));
        tf.dispose([loss, logits, gradient, theta]);
        theta = next;
        if (!Number.isFinite(lossValue)) return await ended('diverged');
        await work.checkpoint({ phase: 'forgetting', step, stepLimit, forgetAccuracy });
      }
      if (await enough(theta)) return await ended('stopped');
    }
    return await ended('out_of_epochs');
  } finally {
    theta.dispose();
  }

  function batchOf(rows: Int32Array) {
    const input = inputOfRows(network, samples, rows, augment);
    return { input, labels: rows.map((row) => samples.labels[row] as number) };
  }

  async function ended(kind: Trained['kind']): Promise<Trained> {
    return { kind, theta: (await theta.data<'float32'>()).slice(), steps: step };
  }
}

/**
 * Some samples as network input, row-major [rows.length, …sampleShape].
 *
 * @param augment what is done to them before they are preprocessed
 */
export function inputOfRows(
  { network, sampleSize }: NetworkFunction,
  { values }: LabelledSamples,
  rows: Int32Array,
  augment: BatchMoves = () => {},
): Float32Array {
  const input = new Float32Array(rows.length * sampleSize);
  copyRows(input, values, rows, sampleSize);
  augment(input);
  return toNetworkInput(input, network.preprocessing, network.sampleShape.at(-1) ?? 1);
}
