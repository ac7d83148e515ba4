import { variance } from './statistics/variance.ts';

/** Scores of labelled samples; a higher score means "more like a member". */
export interface ScoredByClass {
  /** [n] */
  readonly scores: ArrayLike<number>;
  /** [n] */
  readonly labels: ArrayLike<number>;
}

/** Where each forgotten sample stands among unseen ones of its class, and the other way round. */
export interface Placements {
  /** Per forgotten sample, the share of unseen samples of its class with a lower score (ties count half); NaN where the class has none. */
  readonly ofForget: Float64Array;
  /** Per class of the forget set that has unseen samples. */
  readonly classes: readonly {
    readonly forgetCount: number;
    readonly heldOutCount: number;
    /** Variance over unseen samples of the share of forgotten ones with a higher score. */
    readonly heldOutVariance: number;
  }[];
}

/**
 * Placement values (DeLong et al., Biometrics 44, 1988, equations 4 and 5), class by class. Their
 * mean over forgotten samples is the class-matched AUC.
 */
export function placements(forget: ScoredByClass, heldOut: ScoredByClass): Placements {
  const forgetOf = indexesByClass(forget.labels);
  const heldOutOf = indexesByClass(heldOut.labels);
  const ofForget = new Float64Array(forget.labels.length).fill(Number.NaN);
  const classes = [];
  for (const [label, members] of forgetOf) {
    const unseen = heldOutOf.get(label);
    if (unseen === undefined) continue;
    const unseenScores = sorted(unseen, heldOut.scores);
    for (const index of members) {
      ofForget[index] = shareBelow(unseenScores, forget.scores[index] as number);
    }
    const memberScores = sorted(members, forget.scores);
    const shares = unseen.map((j) => 1 - shareBelow(memberScores, heldOut.scores[j] as number));
    classes.push({
      forgetCount: members.length,
      heldOutCount: unseen.length,
      heldOutVariance: variance(shares),
    });
  }
  return { ofForget, classes };
}

export function indexesByClass(labels: ArrayLike<number>): Map<number, number[]> {
  const byClass = new Map<number, number[]>();
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] as number;
    const members = byClass.get(label);
    if (members === undefined) byClass.set(label, [i]);
    else members.push(i);
  }
  return byClass;
}

function sorted(indexes: readonly number[], scores: ArrayLike<number>): Float64Array {
  return Float64Array.from(indexes, (index) => scores[index] as number).sort();
}

/** Share of ascending `values` below `value`, ties half. */
function shareBelow(values: Float64Array, value: number): number {
  return (
    (firstAt(values, (v) => v >= value) + firstAt(values, (v) => v > value)) / 2 / values.length
  );
}

/** Index of the first value that `holds`, which all later ones do too. */
function firstAt(values: Float64Array, holds: (value: number) => boolean): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(values[middle] as number)) high = middle;
    else low = middle + 1;
  }
  return low;
}
