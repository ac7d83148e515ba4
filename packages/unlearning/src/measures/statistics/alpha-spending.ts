/**
 * How much of an error α may be spent by the time that a share `information` of the planned
 * samples has been seen (Lan and DeMets, Biometrika 70, 1983; the function of Pocock's type):
 * α ln(1 + (e − 1) t). All of it at t = 1.
 */
export function alphaSpent(information: number, alpha: number): number {
  const t = Math.min(1, Math.max(0, information));
  return alpha * Math.log(1 + (Math.E - 1) * t);
}

/**
 * The level of a look at `now` samples after an earlier one at `before`, of `planned` in all.
 * Levels of successive looks add up to at most α, so that looking again and again errs no more
 * often than looking once (union bound: whatever the dependence).
 */
export function lookLevel(
  {
    before,
    now,
    planned,
  }: { readonly before: number; readonly now: number; readonly planned: number },
  alpha: number,
): number {
  return alphaSpent(now / planned, alpha) - alphaSpent(before / planned, alpha);
}
