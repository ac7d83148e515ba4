import type { CarriedCurvature } from '../curvature/carried-curvature.ts';
import { type Standings, standingBins } from '../goals/matched-margins.ts';

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
  /** 1 for each class that a round has made the network lose as a whole, else 0: [classes] */
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

/** The ledger that remembers some more lost classes, the same one where it knows them. */
export function withLostClasses(ledger: Ledger, more: readonly number[]): Ledger {
  if (more.every((label) => ledger.lostClasses[label] === 1)) return ledger;
  const lostClasses = ledger.lostClasses.map((was, label) => (more.includes(label) ? 1 : was));
  return { ...ledger, lostClasses };
}

/** Labels of the classes that are lost, ascending. */
export function lostLabels({ lostClasses }: Ledger): readonly number[] {
  return [...lostClasses.keys()].filter((label) => lostClasses[label] === 1);
}

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
