import { boundedMarginLoss } from '../losses/bounded-margin.ts';
import { marginTensor } from '../losses/margin.ts';
import { margins } from '../measures/margins.ts';
import { distanceOfTie } from './distance-of-tie.ts';
import type { Goal } from './goal.ts';
import { labelsOf } from './labels-of.ts';

/**
 * `misclassify`: no forget sample is given its label any more (the goal of L2UL).
 */
export function misclassifyGoal(labels: Int32Array, classCount: number): Goal {
  return {
    labels,
    distances: (logits, samples) =>
      // A tie counts as the label still given.
      margins(logits, labelsOf(labels, samples), classCount).map((margin) =>
        margin >= 0 ? Math.max(margin, distanceOfTie) : margin < 0 ? 0 : Number.NaN,
      ),
    isReached: (distances) => distances.every((distance) => distance === 0),
    loss: (logits, samples, band) =>
      boundedMarginLoss(marginTensor(logits, labelsOf(labels, samples)).neg(), samples, band),
    leads: (logits, samples) =>
      margins(logits, labelsOf(labels, samples), classCount).map((margin) => -margin),
  };
}
