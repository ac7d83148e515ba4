import { classMatchedAuc } from './class-matched-auc.ts';

/** Losses of labelled samples. */
export interface ScoredSamples {
  /** [n] */
  readonly losses: ArrayLike<number>;
  /** [n] */
  readonly labels: ArrayLike<number>;
}

/**
 * {@link classMatchedAuc} of the loss alone, as a number: 0.5 cannot tell, above still recognised,
 * below stands out.
 *
 * @returns 0 … 1; NaN when no class of the forget set is held out
 */
export function membershipAuc(forget: ScoredSamples, heldOut: ScoredSamples): number {
  const byLoss = ({ losses, labels }: ScoredSamples) => ({
    scores: Float64Array.from(losses, (loss) => -loss),
    labels,
  });
  return classMatchedAuc(byLoss(forget), byLoss(heldOut)).value;
}
