import { boundedMarginLoss } from '../losses/bounded-margin.ts';
import { marginTensor } from '../losses/margin.ts';
import { margins } from '../measures/margins.ts';
import { distanceOfTie } from './distance-of-tie.ts';
import type { Goal } from './goal.ts';
import { labelsOf } from './labels-of.ts';

/**
 * `relabel`: every forget sample is given its stated new label.
 */
export function relabelGoal(targetLabels: Int32Array, classCount: number): Goal {
  return {
    labels: targetLabels,
    distances: (logits, samples) =>
      margins(logits, labelsOf(targetLabels, samples), classCount).map((margin) =>
        margin > 0 ? 0 : margin <= 0 ? Math.max(-margin, distanceOfTie) : Number.NaN,
      ),
    isReached: (distances) => distances.every((distance) => distance === 0),
    loss: (logits, samples, band) =>
      boundedMarginLoss(marginTensor(logits, labelsOf(targetLabels, samples)), samples, band),
    leads: (logits, samples) => margins(logits, labelsOf(targetLabels, samples), classCount),
  };
}
