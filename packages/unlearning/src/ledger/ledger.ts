import type { CarriedCurvature } from '../curvature/carried-curvature.ts';
import { type Standings, standingBins } from '../goals/matched-margins.ts';
import type { LostClass } from '../losses/lost-classes.ts';

/** Numbers in `Standings.places`: of samples as they are, and mirrored. */
export const placesLength = 2 * standingBins;

/**
 * What an unlearner remembers of what it has made a network forget: per weight, how much moving
 * it would move the margins of forgotten samples.
 *
 * F_t of round t is the sum over its samples of the squared gradient of their margin at the
 * weights it ended with; ½ F_t Δ² is then half the squared change of those margins under a small
 * step Δ, weight by weight. With a decay γ a round counts γ^(n−t) after n rounds,
 *   F ← γ F + F_n,
 * so that F is one number per weight however many rounds there were, and bounded.
 *
 * The anchor that Δ is taken from is the served network, where all earlier margins are as they
 * were left. Not each round's own weights: pulling back to those undoes the rounds after it.
 *
 * Beside that stands what samples look like to the network: the curvature that steps are measured
 * by, of which a round of a few samples alone would know little; and where forgotten samples stood
 * among unseen ones, and of which classes they were, which says where each further one belongs.
 */
export interface Ledger {
  /** Rounds that have been entered. */
  readonly rounds: number;
  /** Forget samples that have been entered, each view of them counted. */
  readonly samples: number;
  /** F: [parameters] */
  readonly importance: Float32Array;
  readonly curvature: CarriedCurvature;
  /** Places of samples as they are, then mirrored: [2 · standingBins]; moved by `untrain` only. */
  readonly standings: Standings;
  /**
   * Of each class, whether a round has made the network lose it as a whole: 0 where not, 1 where
   * nothing is given instead, 2 + the label that is: [classes]
   */
  readonly lostClasses: Float32Array;
}

/** How many numbers a ledger of a network holds. */
export interface LedgerShape {
  /** Trainable weights. */
  readonly importance: number;
  /** See `carriedLength`. */
  readonly curvature: number;
  readonly classes: number;
}

export function emptyLedger({ importance, curvature, classes }: LedgerShape): Ledger {
  return {
    rounds: 0,
    samples: 0,
    importance: new Float32Array(importance),
    curvature: { samples: 0, sums: new Float32Array(curvature) },
    standings: { places: new Float32Array(placesLength), classes: new Float32Array(classes) },
    lostClasses: new Float32Array(classes),
  };
}

/**
 * The ledger that remembers some more lost classes, the same one where it knows them. A label that
 * is given instead is not lost, whatever it was before.
 */
export function withLostClasses(ledger: Ledger, more: readonly LostClass[]): Ledger {
  const lostClasses = ledger.lostClasses.slice();
  for (const { instead } of more) if (instead !== undefined) lostClasses[instead] = notLost;
  for (const { label, instead } of more) {
    lostClasses[label] = instead === undefined ? lostOutright : firstInstead + instead;
  }
  const same = lostClasses.every((value, label) => value === ledger.lostClasses[label]);
  return same ? ledger : { ...ledger, lostClasses };
}

/** The classes that are lost, by ascending label, with what is given instead in the end. */
export function lostClassesOf({ lostClasses }: Ledger): readonly LostClass[] {
  const insteadOf = (label: number): number | undefined => {
    const value = lostClasses[label] as number;
    if (value === notLost) return label;
    return value === lostOutright ? undefined : insteadOf(value - firstInstead);
  };
  return [...lostClasses.keys()]
    .filter((label) => lostClasses[label] !== notLost)
    .map((label) => ({ label, instead: insteadOf(label) }));
}

/** Whether these numbers can stand in `lostClasses`. */
export function isLostClasses(values: Float32Array): boolean {
  const most = firstInstead + values.length;
  if (!values.every((value) => Number.isInteger(value) && value >= 0 && value < most)) return false;
  return values.every((value) => {
    let [at, steps] = [value, 0];
    for (; at >= firstInstead && steps <= values.length; steps++) {
      at = values[at - firstInstead] as number;
    }
    return steps <= values.length;
  });
}

const notLost = 0;
const lostOutright = 1;
const firstInstead = 2;

export interface RoundEntry {
  readonly samples: number;
  /** F_n: [parameters] */
  readonly importance: Float32Array;
  /** γ, 0 to 1; 1 keeps every round at full weight. */
  readonly decay: number;
  /** Earlier rounds included; undefined where the round has measured none. */
  readonly curvature?: CarriedCurvature | undefined;
  /** Earlier rounds included; undefined where the round has added none. */
  readonly standings?: Standings | undefined;
}

/** The ledger after one more round. */
export function advanceLedger(ledger: Ledger, entry: RoundEntry): Ledger {
  return {
    rounds: ledger.rounds + 1,
    samples: ledger.samples + entry.samples,
    importance: ledger.importance.map(
      (value, i) => entry.decay * value + (entry.importance[i] as number),
    ),
    curvature: entry.curvature ?? ledger.curvature,
    standings: entry.standings ?? ledger.standings,
    lostClasses: ledger.lostClasses,
  };
}
