import * as tf from '@tensorflow/tfjs';
import { huberLoss } from '../losses/huber.ts';
import { marginTensor } from '../losses/margin.ts';
import { margins } from '../measures/margins.ts';
import type { Goal } from './goal.ts';
import { labelsOf } from './labels-of.ts';

/**
 * `untrain`: forget samples stand where unseen samples of their class stand. Reached when the
 * mean excess of their margins over the targets is at most `tolerance`, and when of those that
 * should be wrong, as some unseen samples are, at most one in ten is still right: a mean is soon
 * met by the many while the few that have farthest to go are left behind.
 *
 * @param targets [k] margins to reach, in logits (`matchedMargins`)
 * @param tolerance in logits
 * @param reach how far from its target a sample is pulled the harder the farther it is, in logits
 */
export function untrainGoal(
  labels: Int32Array,
  targets: Float32Array,
  classCount: number,
  tolerance: number,
  reach: number,
): Goal {
  const shouldBeWrong = targets.filter((target) => target < 0).length;
  return {
    labels,
    distances: (logits, samples) =>
      margins(logits, labelsOf(labels, samples), classCount).map((margin, i) => {
        const excess = margin - (targets[samples?.[i] ?? i] as number);
        return Math.max(excess, 0);
      }),
    isReached: (distances) =>
      distances.reduce((sum, distance) => sum + distance, 0) <= tolerance * distances.length &&
      stillRight(distances) <= leftBehind * shouldBeWrong,
    loss: (logits, samples) => {
      const goal = tf.tensor1d(targetsOf(samples));
      const excess = marginTensor(logits, labelsOf(labels, samples)).sub<tf.Tensor1D>(goal);
      return huberLoss(excess, reach);
    },
  };

  /** How many samples have a margin of 0 or more and a target below it. */
  function stillRight(distances: Float32Array): number {
    return targets.filter((target, i) => target < 0 && (distances[i] as number) >= -target).length;
  }

  function targetsOf(samples: Int32Array): Float32Array {
    return Float32Array.from(samples, (sample) => targets[sample] as number);
  }
}

/** Of what should be wrong, the share that may still be right. */
const leftBehind = 0.1;
