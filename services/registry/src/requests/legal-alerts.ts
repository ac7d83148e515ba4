/** Shares of the legal time after which a request that is still open is spoken of. Percent. */
export const alertPercents = [50, 75, 90] as const;

/** How much of the legal time is over: 0 at submission, 100 at the deadline, more after it. */
export function clockPercent(submittedMs: number, deadlineMs: number, nowMs: number): number {
  const total = deadlineMs - submittedMs;
  if (total <= 0) return deadlineMs > 0 ? 100 : 0;
  return Math.max(0, Math.floor((100 * (nowMs - submittedMs)) / total));
}

/** When the next alert of an open request comes, after `afterMs`; `undefined`: none before the deadline. */
export function nextAlertMs(
  submittedMs: number,
  deadlineMs: number,
  afterMs: number,
): number | undefined {
  return alertPercents
    .map((percent) => alertMs(submittedMs, deadlineMs, percent))
    .find((ms) => ms > afterMs && ms < deadlineMs);
}

/** When so many percent of the legal time are over. */
export function alertMs(submittedMs: number, deadlineMs: number, percent: number): number {
  return Math.ceil(submittedMs + ((deadlineMs - submittedMs) * percent) / 100);
}

/** The last alert that has come by then; 0: none. */
export function reachedAlert(percent: number): number {
  return alertPercents.findLast((each) => each <= percent) ?? 0;
}
