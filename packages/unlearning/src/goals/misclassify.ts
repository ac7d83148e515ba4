import { boundedMarginLoss } from '../losses/bounded-margin.ts';
import { marginTensor } from '../losses/margin.ts';
import { margins } from '../measures/margins.ts';
import { distanceOfTie } from './distance-of-tie.ts';
import type { Goal } from './goal.ts';
import { labelsOf } from './labels-of.ts';

/**
 * `misclassify`: no forget sample is given its label any more (the goal of L2UL).
 *
 * @param lost classes that the network is not to know any more: their labels take no sample's place
 */
export function misclassifyGoal(
  labels: Int32Array,
  classCount: number,
  lost: readonly number[] = [],
): Goal {
  return {
    labels,
    distances: (logits, samples) =>
      // A tie counts as the label still given.
      margins(logits, labelsOf(labels, samples), classCount, lost).map((margin) =>
        margin >= 0 ? Math.max(margin, distanceOfTie) : margin < 0 ? 0 : Number.NaN,
      ),
    isReached: (distances) => distances.every((distance) => distance === 0),
    loss: (logits, samples, band) =>
      boundedMarginLoss(marginTensor(logits, labelsOf(labels, samples), lost).neg(), samples, band),
    leads: (logits, samples) =>
      margins(logits, labelsOf(labels, samples), classCount, lost).map((margin) => -margin),
  };
}
