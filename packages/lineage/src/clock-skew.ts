/** Clocks of intake, unlearner and registry may differ by this much. */
export const clockSkewMs = 24 * 60 * 60 * 1000;
