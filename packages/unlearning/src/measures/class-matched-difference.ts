import { indexesByClass } from './placements.ts';
import { independentDifference } from './statistics/independent-difference.ts';
import type { Estimate, Interval } from './statistics/interval.ts';
import { clopperPearson, wilson } from './statistics/share.ts';

/** Whether labelled samples are given their label. */
export interface Answers {
  /** [n] */
  readonly labels: ArrayLike<number>;
  /** [n] 1 where right, else 0 */
  readonly right: ArrayLike<number>;
}

/**
 * Forget accuracy less what it would be if the samples were unseen: held-out accuracy, each class
 * weighted as in the forget set. Newcombe's interval from Clopper and Pearson's of the forget set
 * and a stratified Wilson interval of the held-out side (Yan and Su, Statistics in Biopharmaceutical
 * Research 2, 2010: class intervals joined by square and add). Classes that nothing is held out of
 * are left out.
 *
 * @returns value −1 … 1; NaN when no class of the forget set is held out
 */
export function classMatchedDifference(forget: Answers, heldOut: Answers): Estimate {
  const unseen = indexesByClass(heldOut.labels);
  const strata: { readonly weight: number; readonly share: number; readonly n: number }[] = [];
  let [right, count] = [0, 0];
  for (const [label, members] of indexesByClass(forget.labels)) {
    const others = unseen.get(label);
    if (others === undefined) continue;
    right += sumOver(members, forget.right);
    count += members.length;
    const share = sumOver(others, heldOut.right) / others.length;
    strata.push({ weight: members.length, share, n: others.length });
  }
  const weighted = strata.map(({ weight, ...rest }) => ({ weight: weight / count, ...rest }));
  return independentDifference(
    { value: right / count, interval: (confidence) => clopperPearson(right, count, confidence) },
    {
      value: weighted.reduce((sum, { weight, share }) => sum + weight * share, 0),
      interval: (confidence) => stratifiedWilson(weighted, confidence),
    },
  );
}

function stratifiedWilson(
  strata: readonly { readonly weight: number; readonly share: number; readonly n: number }[],
  confidence: number,
): Interval {
  let [value, down, up] = [0, 0, 0];
  for (const { weight, share, n } of strata) {
    const { low, high } = wilson(share, n, confidence);
    value += weight * share;
    down += (weight * (share - low)) ** 2;
    up += (weight * (high - share)) ** 2;
  }
  return { low: Math.max(0, value - Math.sqrt(down)), high: Math.min(1, value + Math.sqrt(up)) };
}

function sumOver(indexes: readonly number[], values: ArrayLike<number>): number {
  return indexes.reduce((sum, index) => sum + (values[index] as number), 0);
}
