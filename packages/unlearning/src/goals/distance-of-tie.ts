/** A distance greater than zero for a margin that is a tie. */
export const distanceOfTie = 1e-30;
