import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RequestProjection } from '../requests/request-projection.ts';
import { forecastLate } from './forecast-late.ts';

/** Where the requests of one model stand against the law. */
export interface RequestFigures {
  readonly modelKey: string;
  readonly open: number;
  readonly escalated: number;
  readonly overdue: number;
  /** Milliseconds since 1970. */
  readonly oldestSubmittedMs: number;
  /** Milliseconds since 1970; `undefined` where no open request has a deadline. */
  readonly nearestDeadlineMs: number | undefined;
  readonly forecastLate: number;
}

/** The pace of a queue is that of this long at most. */
const longestPaceMs = 24 * 3_600_000;
/** Other work gets its turn after so many models. */
const modelsPerTurn = 200;

/** Figures of every model that has open requests; stops early, with what it has, at `signal`. */
export async function requestFigures(
  projection: RequestProjection,
  nowMs: number,
  signal: AbortSignal,
): Promise<readonly RequestFigures[]> {
  const figures: RequestFigures[] = [];
  for (const queue of projection.counts.openByModel()) {
    if (figures.length % modelsPerTurn === modelsPerTurn - 1) await nextTurn();
    if (signal.aborted) break;
    const { modelKey } = queue;
    const deadlines = projection.counts.openDeadlines(modelKey);
    const overMs = Math.min(longestPaceMs, Math.max(0, nowMs - queue.oldestSubmittedMs));
    const completed = projection.counts.countCompletedSince(modelKey, nowMs - overMs);
    figures.push({
      ...queue,
      overdue: deadlines.filter((deadlineMs) => deadlineMs < nowMs).length,
      nearestDeadlineMs: deadlines[0],
      forecastLate: forecastLate(deadlines, { completed, overMs }, nowMs),
    });
  }
  return figures;
}
