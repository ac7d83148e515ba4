/** How fast a queue was served while it had something to serve. */
export interface Pace {
  readonly completed: number;
  readonly overMs: number;
}

/**
 * How many waiting requests will end after their deadline if they are served in the order of their
 * deadlines at the present pace. Where nothing was completed yet, the first is taken to be about
 * to be: one in all the time that was waited.
 *
 * @param deadlinesMs ascending, milliseconds since 1970
 */
export function forecastLate(deadlinesMs: readonly number[], pace: Pace, nowMs: number): number {
  const eachMs = pace.overMs / Math.max(1, pace.completed);
  return deadlinesMs.filter((deadlineMs, at) => nowMs + (at + 1) * eachMs > deadlineMs).length;
}
