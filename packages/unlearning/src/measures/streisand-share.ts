/**
 * Share of forgotten samples whose loss is above the 99th percentile of held-out losses: samples
 * that stand out because they were forgotten. About 0.01 when nothing stands out.
 *
 * @returns 0 … 1; NaN without samples
 */
export function streisandShare(
  forgetLosses: ArrayLike<number>,
  heldOutLosses: ArrayLike<number>,
): number {
  const sorted = Float64Array.from(heldOutLosses).sort();
  // Nearest rank: the smallest value with at least 99 % of all at or below it.
  const p99 = sorted[Math.ceil(0.99 * sorted.length) - 1] ?? Number.NaN;
  let above = 0;
  for (let i = 0; i < forgetLosses.length; i++) if ((forgetLosses[i] as number) > p99) above += 1;
  return Number.isNaN(p99) ? Number.NaN : above / forgetLosses.length;
}
