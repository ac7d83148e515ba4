/** Accuracies of one model, shares. */
export interface Accuracies {
  readonly forget: number;
  readonly retain: number;
  readonly test: number;
}

/**
 * Tug of war (Zhao et al., "What makes unlearning hard", NeurIPS 2024, equation 1): Π over forget,
 * retain and test of (1 − |accuracy unlearned − accuracy retrained|). 1: as retraining.
 */
export function tugOfWar(unlearned: Accuracies, retrained: Accuracies): number {
  return (['forget', 'retain', 'test'] as const).reduce(
    (product, set) => product * (1 - Math.abs(unlearned[set] - retrained[set])),
    1,
  );
}
