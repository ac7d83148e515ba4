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
  readonly random: Random;
}

/** The goal of a round's mode, and the standings after the round. */
export function goalFor(
  { mode, forget, heldOut, targetLabels, network: { classCount } }: RoundInput,
  facts: GoalFacts,
): { readonly goal: Goal; readonly standings: Standings } {
  switch (mode) {
    case 'misclassify':
      return { goal: misclassifyGoal(forget.labels, classCount), standings: facts.standings };
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
        const unseen = {
          margins: margins(
            part(known.heldOutServedLogits, n * classCount),
            heldOutLabels,
            classCount,
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
        // Nobody is known the better for being forgotten.
        const targets = matched.targets.map((target, i) => Math.min(target, now[i] as number));
        return { unseen: unseen.margins, targets };
      });
      const sigma = spread(views[0]?.unseen ?? new Float32Array(0));
      const led = Float32Array.from(views.flatMap(({ targets }) => [...targets]));
      const goal = untrainGoal(
        Int32Array.from(led, (_, i) => forget.labels[i % forget.labels.length] as number),
        led,
        classCount,
        facts.tolerance * sigma,
        // Held-out samples that are all alike have no spread to go by.
        sigma > 0 ? reach * sigma : 1,
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
