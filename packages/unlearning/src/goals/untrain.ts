import * as tf from '@tensorflow/tfjs';
import { marginTensor } from '../losses/margin.ts';
import { smoothL1Loss } from '../losses/smooth-l1.ts';
import type { Goal } from './goal.ts';
import { labelsOf } from './labels-of.ts';
import { margins } from './margins.ts';

/**
 * `untrain`: forget samples stand where unseen samples of their class stand. Reached when the
 * mean excess of their margins over the targets is at most `tolerance`.
 *
 * @param targets [k] margins to reach, in logits (`matchedMargins`)
 * @param tolerance in logits
 */
export function untrainGoal(
  labels: Int32Array,
  targets: Float32Array,
  classCount: number,
  tolerance: number,
): Goal {
  return {
    labels,
    distances: (logits, samples) =>
      margins(logits, labelsOf(labels, samples), classCount).map((margin, i) => {
        const excess = margin - (targets[samples?.[i] ?? i] as number);
        return Math.max(excess, 0);
      }),
    isReached: (distances) =>
      distances.reduce((sum, distance) => sum + distance, 0) <= tolerance * distances.length,
    loss: (logits, samples) => {
      const goal = tf.tensor1d(targetsOf(samples));
      return smoothL1Loss(marginTensor(logits, labelsOf(labels, samples)).sub(goal) as tf.Tensor1D);
    },
  };

  function targetsOf(samples: Int32Array): Float32Array {
    return Float32Array.from(samples, (sample) => targets[sample] as number);
  }
}
