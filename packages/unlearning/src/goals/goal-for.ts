import { marginsUnheld } from '../held-out-parts.ts';
import type { LostClass } from '../losses/lost-classes.ts';
import { margins } from '../measures/margins.ts';
import type { Random } from '../random.ts';
import type { RoundInput } from '../round.ts';
import type { Goal } from './goal.ts';
import type { KnownInViews } from './known-in-views.ts';
import { countClasses, matchedMargins, type Standings, standingBins } from './matched-margins.ts';
import { misclassifyGoal } from './misclassify.ts';
import { relabelGoal } from './relabel.ts';
import { untrainGoal } from './untrain.ts';

/** What a goal is made from besides the round's input. */
export interface GoalFacts {
  /** There in `untrain`. */
  readonly known: KnownInViews | undefined;
  /** Of all earlier rounds; places view after view: [2 · standingBins]. */
  readonly standings: Standings;
  /** Mean excess of margins that is let pass in `untrain`, in spreads of the held-out margins. */
  readonly tolerance: number;
  /** What the served network makes of the forget samples, view after view: [views · k, classes]. */
  readonly served: Float32Array;
  /** By this round or earlier ones. */
  readonly lostClasses: readonly LostClass[];
  readonly random: Random;
}

/** The goal of a round's mode, and the standings after the round. */
export function goalFor(
  { mode, forget, heldOut, targetLabels, network: { classCount } }: RoundInput,
  facts: GoalFacts,
): { readonly goal: Goal; readonly standings: Standings } {
  switch (mode) {
    case 'misclassify':
      return {
        goal: misclassifyGoal(
          forget.labels,
          classCount,
          facts.lostClasses.map(({ label }) => label),
        ),
        standings: facts.standings,
      };
    case 'relabel': {
      const goal = relabelGoal(targetLabels ?? new Int32Array(0), classCount);
      return { goal, standings: facts.standings };
    }
    case 'untrain': {
      if (facts.known === undefined) throw new RangeError('untrain needs what is known of samples');
      const { known } = facts;
      const heldOutLabels = heldOut?.labels ?? new Int32Array(0);
      const places = facts.standings.places.slice();
      const classes = countClasses(forget.labels, facts.standings.classes);
      const u = facts.random.uniform();
      const views = known.steady.map(({ forgotten, unseen: steady }, view) => {
        const part = (values: Float32Array, count: number) =>
          values.subarray(view * count, (view + 1) * count);
        const n = heldOutLabels.length;
        const own = { steady: forgotten, labels: forget.labels };
        const marginsIn = (logits: Float32Array) =>
          margins(part(logits, n * classCount), heldOutLabels, classCount);
        const unseen = {
          margins: marginsUnheld(
            marginsIn(known.heldOutLogits),
            marginsIn(known.heldOutServedLogits),
            heldOutLabels,
          ),
          steady,
          labels: heldOutLabels,
        };
        const earlier = part(places, standingBins);
        const matched = matchedMargins(own, unseen, earlier, classes, u);
        earlier.set(matched.places);
        const now = margins(
          part(facts.served, forget.labels.length * classCount),
          forget.labels,
          classCount,
        );
        return { unseen: unseen.margins, counterparts: matched.targets, now };
      });
      const sigma = spread(views[0]?.unseen ?? new Float32Array(0));
      // Held-out samples that are all alike have no spread to go by.
      const unit = sigma > 0 ? sigma : 1;
      const k = forget.labels.length;
      const goal = untrainGoal(
        {
          labels: Int32Array.from(
            { length: views.length * k },
            (_, i) => forget.labels[i % k] as number,
          ),
          counterparts: Float32Array.from(views.flatMap(({ counterparts }) => [...counterparts])),
          served: Float32Array.from(views.flatMap(({ now }) => [...now])),
        },
        classCount,
        { tolerance: facts.tolerance * unit, reach: reach * unit },
      );
      return { goal, standings: { places, classes } };
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

/** How far away a sample is pulled the harder, in standard deviations of the held-out margins. */
const reach = 0.3;
