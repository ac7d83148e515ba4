import * as tf from '@tensorflow/tfjs';
import { huberLoss } from '../losses/huber.ts';
import { marginTensor } from '../losses/margin.ts';
import { margins } from '../measures/margins.ts';
import type { Goal } from './goal.ts';
import { labelsOf } from './labels-of.ts';

/** Samples to forget, and how well they are known; margins in logits. */
export interface UntrainSamples {
  /** [k] */
  readonly labels: Int32Array;
  /** [k] margins of their counterparts among unseen samples (`matchedMargins`). */
  readonly counterparts: Float32Array;
  /** [k] their own, under the served network. */
  readonly served: Float32Array;
}

/**
 * `untrain`: forget samples stand where unseen samples of their class stand, and nobody is known
 * the better for being forgotten: each is led to its counterpart, or stays where it is if that is
 * lower. Reached when the mean excess of margins over those targets is at most `tolerance`, and
 * when of those whose counterpart is wrong at most one in ten is right: a mean is soon met by the
 * many while the few that have farthest to go are left behind.
 *
 * A moved copy is led down only: how well it is to be known is not told, but no better than the
 * sample itself.
 *
 * @param tolerance in logits
 * @param reach how far from its target a sample is pulled the harder the farther it is, in logits
 */
export function untrainGoal(
  { labels, counterparts, served }: UntrainSamples,
  classCount: number,
  { tolerance, reach }: { readonly tolerance: number; readonly reach: number },
): Goal {
  const targets = counterparts.map((margin, i) => Math.min(margin, served[i] as number));
  const isToBeWrong = (sample: number) => (counterparts[sample] as number) < 0;
  const toBeWrong = targets.filter((_, sample) => isToBeWrong(sample)).length;
  return {
    labels,
    distances: (logits, samples) =>
      margins(logits, labelsOf(labels, samples), classCount).map((margin, i) => {
        const excess = margin - (targets[samples?.[i] ?? i] as number);
        return Math.max(excess, 0);
      }),
    isReached: (distances) =>
      distances.reduce((sum, distance) => sum + distance, 0) <= tolerance * distances.length &&
      stillRight(distances) <= leftBehind * toBeWrong,
    loss: (logits, samples, _band, copies = 0) => {
      const goal = tf.tensor1d(targetsOf(samples));
      const excess = marginTensor(logits, labelsOf(labels, samples)).sub<tf.Tensor1D>(goal);
      const own = samples.length - copies;
      const led = tf.concat1d([excess.slice(0, own), excess.slice(own, copies).relu()]);
      return huberLoss(led, reach);
    },
  };

  /** How many samples have a margin of 0 or more and a counterpart below it. */
  function stillRight(distances: Float32Array): number {
    return targets.filter(
      (target, sample) => isToBeWrong(sample) && (distances[sample] as number) >= -target,
    ).length;
  }

  function targetsOf(samples: Int32Array): Float32Array {
    return Float32Array.from(samples, (sample) => targets[sample] as number);
  }
}

/** Of what is to be wrong, the share that may still be right. */
const leftBehind = 0.1;
