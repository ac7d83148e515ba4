import * as tf from '@tensorflow/tfjs';
import { copyRows } from '../../copy-rows.ts';
import { labelsOf } from '../../goals/labels-of.ts';
import { distillationLoss, softTargets } from '../../losses/distillation.ts';
import { withoutClasses } from '../../losses/lost-classes.ts';
import { nonTargetLogits } from '../../losses/non-target.ts';
import type { RoundWork } from '../round-work.ts';
import { forgetCopies } from './forget-copies.ts';
import type { LetheSettings } from './lethe-settings.ts';

/**
 * Holds what the original network says of the labels that forget samples do not have, on copies of
 * them: the one look at real samples that a data-free round is given. Rounds move what the network
 * says of real samples in ways that surrogates do not show (decision 0169).
 */
export interface NonTargetHold extends Disposable {
  /** Samples in each step. */
  readonly count: number;
  /**
   * Fills `into` with the samples of a step. To be called inside a tidy.
   *
   * @param into row-major [count, …sampleShape]; gets them preprocessed
   * @returns the loss of their logits [count, classes]
   */
  next(into: Float32Array): (logits: tf.Tensor2D) => tf.Scalar;
}

export function nonTargetHold(
  { network, forget, views, original, random, meter, lostClasses }: RoundWork,
  { nonTargetWeight, nonTargetBatch, temperature }: LetheSettings,
): NonTargetHold | undefined {
  // Of two labels one is left, of which there is nothing to be said.
  if (nonTargetWeight === 0 || network.network.classCount <= 2) return undefined;
  const k = forget.labels.length;
  const chance = random.fork('non-target samples');
  const copies = forgetCopies(network.network, forget.values, 1, chance, views.count === 1);
  const order = chance.permutation(k);
  const theta = tf.tensor1d(original);
  let taken = 0;

  function fill(into: Float32Array): Int32Array {
    const samples = Int32Array.from({ length: nonTargetBatch }, () => order[taken++ % k] as number);
    // What is no picture has no copies.
    if (copies.countOf(1) > 0) return copies.fill(into, samples);
    copyRows(into, forget.input, samples, network.sampleSize);
    return samples;
  }

  return {
    count: nonTargetBatch,
    next(into) {
      const labels = labelsOf(forget.labels, fill(into));
      meter.forward += nonTargetBatch;
      const taught = withoutClasses(network.logits(theta, network.tensorOf(into)), lostClasses);
      const targets = softTargets(nonTargetLogits(taught, labels), temperature);
      return (logits) =>
        distillationLoss(nonTargetLogits(logits, labels), targets, temperature).mul(
          nonTargetWeight,
        );
    },
    [Symbol.dispose]: () => theta.dispose(),
  };
}
