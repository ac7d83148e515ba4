/** What was measured after one round. */
export interface RoundAccuracies {
  /** Accuracy on held-out samples. */
  readonly test: number;
  /** Accuracy on each forget set so far, the round's own last: one entry more with every round. */
  readonly forgetSets: readonly number[];
}

/**
 * Knowledge erosion of continual unlearning (after SAFER): test accuracy lost since before the
 * first round, after each round. Negative where it was gained.
 */
export function knowledgeErosion(before: number, rounds: readonly RoundAccuracies[]): number[] {
  return rounds.map(({ test }) => before - test);
}

/**
 * Forgetting reversal (after SAFER): after each round, the mean over all earlier forget sets of
 * how far their accuracy rose above what it was right after their own round; what fell counts 0.
 * 0 after the first round.
 */
export function forgettingReversal(rounds: readonly RoundAccuracies[]): number[] {
  return rounds.map(({ forgetSets }, now) => {
    if (now === 0) return 0;
    let sum = 0;
    for (let set = 0; set < now; set++) {
      const then = rounds[set]?.forgetSets[set] ?? Number.NaN;
      sum += Math.max(0, (forgetSets[set] ?? Number.NaN) - then);
    }
    return sum / now;
  });
}
