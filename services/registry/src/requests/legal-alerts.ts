/** Shares of the legal time after which a request that is still open is spoken of. Percent. */
const alertPercents = [50, 75, 90] as const;

/**
 * How much of the legal time is over: 0 at submission, 100 at the deadline, more after it. 0 where
 * one of the two is not known (0).
 */
export function clockPercent(submittedMs: number, deadlineMs: number, nowMs: number): number {
  if (submittedMs === 0 || deadlineMs === 0) return 0;
  const total = Math.max(1, deadlineMs - submittedMs);
  return Math.max(0, Math.floor((100 * (nowMs - submittedMs)) / total));
}

/** When the next alert of an open request comes, after `afterMs`; `undefined`: none before the deadline. */
export function nextAlertMs(
  submittedMs: number,
  deadlineMs: number,
  afterMs: number,
): number | undefined {
  if (submittedMs === 0 || deadlineMs === 0) return undefined;
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
