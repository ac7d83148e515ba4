import type { Random } from '../random.ts';
import type { RoundInput } from '../round.ts';
import type { Goal } from './goal.ts';
import { margins } from './margins.ts';
import { matchedMargins } from './matched-margins.ts';
import { misclassifyGoal } from './misclassify.ts';
import { relabelGoal } from './relabel.ts';
import { untrainGoal } from './untrain.ts';

/** What a goal is made from besides the round's input. */
export interface GoalFacts {
  /** [k, classes] under the served weights. */
  readonly forgetLogits: Float32Array;
  /** [n, classes] under the original weights; there in `untrain`. */
  readonly heldOutLogits: Float32Array | undefined;
  /** Mean excess of margins that is let pass in `untrain`, in spreads of the held-out margins. */
  readonly tolerance: number;
  /** How far below their counterparts margins are led in `untrain`, in the same unit. */
  readonly overshoot: number;
  readonly random: Random;
}

/** The goal of a round's mode. */
export function goalFor(
  { mode, forget, heldOut, targetLabels, network: { classCount } }: RoundInput,
  facts: GoalFacts,
): Goal {
  switch (mode) {
    case 'misclassify':
      return misclassifyGoal(forget.labels, classCount);
    case 'relabel':
      return relabelGoal(targetLabels ?? new Int32Array(0), classCount);
    case 'untrain': {
      const heldOutLabels = heldOut?.labels ?? new Int32Array(0);
      const unseen = margins(facts.heldOutLogits ?? new Float32Array(0), heldOutLabels, classCount);
      const targets = matchedMargins(
        margins(facts.forgetLogits, forget.labels, classCount),
        forget.labels,
        unseen,
        heldOutLabels,
        facts.random,
      );
      const sigma = spread(unseen);
      const led = targets.map((target) => target - facts.overshoot * sigma);
      return untrainGoal(forget.labels, led, classCount, facts.tolerance * sigma);
    }
    default:
      return mode satisfies never;
  }
}

/** Standard deviation. */
function spread(values: Float32Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
