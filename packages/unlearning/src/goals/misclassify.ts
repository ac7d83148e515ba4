import { boundedMarginLoss } from '../losses/bounded-margin.ts';
import { marginTensor } from '../losses/margin.ts';
import type { Goal } from './goal.ts';
import { labelsOf } from './labels-of.ts';
import { margins, smallest } from './margins.ts';

/**
 * `misclassify`: no forget sample is given its label any more (the goal of L2UL).
 */
export function misclassifyGoal(labels: Int32Array, classCount: number): Goal {
  return {
    labels,
    distances: (logits, samples) =>
      // A tie counts as the label still given.
      margins(logits, labelsOf(labels, samples), classCount).map((margin) =>
        margin >= 0 ? Math.max(margin, smallest) : margin < 0 ? 0 : Number.NaN,
      ),
    isReached: (distances) => distances.every((distance) => distance === 0),
    loss: (logits, samples, band) =>
      boundedMarginLoss(marginTensor(logits, labelsOf(labels, samples)).neg(), samples, band),
    leads: (logits, samples) =>
      margins(logits, labelsOf(labels, samples), classCount).map((margin) => -margin),
  };
}
