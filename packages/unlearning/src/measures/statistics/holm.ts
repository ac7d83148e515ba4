/**
 * Holm's step-down adjustment (1979): rejecting where the adjusted p is at most α errs with
 * probability at most α over the whole family, however the tests depend on each other.
 *
 * @param pValues NaN counts as a member of the family that is never rejected
 * @returns adjusted p-values, same order
 */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues
    .map((p, index) => ({ p: Number.isNaN(p) ? 1 : p, index }))
    .sort((a, b) => a.p - b.p || a.index - b.index);
  const adjusted = new Array<number>(pValues.length);
  let least = 0;
  order.forEach(({ p, index }, rank) => {
    least = Math.max(least, Math.min(1, p * (order.length - rank)));
    adjusted[index] = least;
  });
  return adjusted;
}
