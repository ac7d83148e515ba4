/** Scores of labelled samples; here their losses. */
export interface ScoredSamples {
  /** [n] */
  readonly losses: ArrayLike<number>;
  /** [n] */
  readonly labels: ArrayLike<number>;
}

/**
 * How well an attacker who sees only the loss tells forgotten samples from unseen ones of the same
 * class (Yeom et al. 2018; area under the ROC curve): P(loss of a forgotten sample < loss of an
 * unseen one) + ½ P(equal), within each class, averaged over forgotten samples. 0.5: cannot tell.
 * Above: still recognised as members. Below: they stand out.
 *
 * @returns 0 … 1; NaN when no class of the forget set is held out
 */
export function membershipAuc(forget: ScoredSamples, heldOut: ScoredSamples): number {
  let [sum, weight] = [0, 0];
  for (let i = 0; i < forget.losses.length; i++) {
    let [greater, equal, count] = [0, 0, 0];
    for (let j = 0; j < heldOut.losses.length; j++) {
      if (heldOut.labels[j] !== forget.labels[i]) continue;
      const difference = (heldOut.losses[j] as number) - (forget.losses[i] as number);
      count += 1;
      if (difference > 0) greater += 1;
      else if (difference === 0) equal += 1;
    }
    if (count === 0) continue;
    sum += (greater + equal / 2) / count;
    weight += 1;
  }
  return sum / weight;
}
