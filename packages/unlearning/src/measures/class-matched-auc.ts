import { Random } from '../random.ts';
import { indexesByClass, type Placements, placements, type ScoredByClass } from './placements.ts';
import { type Estimate, type Interval, normalEstimate } from './statistics/interval.ts';
import { variance } from './statistics/variance.ts';

/**
 * How well an attacker who sees only a score tells forgotten samples from unseen ones of the same
 * class (area under the ROC curve): P(score of a forgotten sample > score of an unseen one) +
 * ½ P(equal), within each class, averaged over forgotten samples. 0.5: cannot tell. Above: still
 * recognised as members. Below: they stand out.
 *
 * The interval is DeLong's, stratified by class, with two changes. The variance over forgotten
 * samples is taken to be at least 1/12, what it is when nothing can be told apart: DeLong's own
 * becomes 0 when a few samples all stand on one side, and then claims certainty. The variance over
 * unseen samples is taken to be 1/12 in a class that has one only, of which DeLong has none.
 *
 * @returns value NaN when no class of the forget set has unseen samples
 */
export function classMatchedAuc(forget: ScoredByClass, heldOut: ScoredByClass): Estimate {
  return aucEstimate(placements(forget, heldOut));
}

/** See {@link classMatchedAuc}. */
export function aucEstimate({ ofForget, classes }: Placements): Estimate {
  const found = ofForget.filter((placement) => !Number.isNaN(placement));
  const k = found.length;
  if (k === 0) return normalEstimate(Number.NaN, Number.NaN);
  const spread = Math.max(variance(found), leastVariance) / k;
  const fromHeldOut = classes.reduce((sum, { forgetCount, heldOutCount, heldOutVariance }) => {
    const spread = heldOutCount === 1 ? leastVariance : heldOutVariance;
    return sum + ((forgetCount / k) ** 2 * spread) / heldOutCount;
  }, 0);
  return normalEstimate(mean(found), Math.sqrt(spread + fromHeldOut), [0, 1]);
}

const leastVariance = 1 / 12;

/**
 * The same by percentiles of the bootstrap (Efron 1979): forgotten and unseen samples are drawn
 * anew with replacement, within each class, `resamples` times. Slower; for reports.
 */
export function bootstrapAuc(
  forget: ScoredByClass,
  heldOut: ScoredByClass,
  { resamples, seed, confidence }: { resamples: number; seed: number; confidence: number },
): Interval {
  const random = new Random(seed);
  const aucs = Float64Array.from(
    { length: resamples },
    () => classMatchedAuc(resampled(forget, random), resampled(heldOut, random)).value,
  ).sort();
  const at = (share: number) =>
    aucs[Math.min(resamples - 1, Math.max(0, Math.floor(share * resamples)))] ?? Number.NaN;
  return { low: at((1 - confidence) / 2), high: at((1 + confidence) / 2) };
}

function resampled({ scores, labels }: ScoredByClass, random: Random): ScoredByClass {
  const drawn = [...indexesByClass(labels).values()].flatMap((members) =>
    members.map(() => members[random.integer(members.length)] as number),
  );
  return {
    scores: drawn.map((index) => scores[index] as number),
    labels: drawn.map((index) => labels[index] as number),
  };
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
