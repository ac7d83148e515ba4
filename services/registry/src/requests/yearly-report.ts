import { setImmediate } from 'node:timers/promises';
import { type GetReportResponse, Regulation, RequestState } from '@lethe/contracts';
import { clockPercent } from './legal-alerts.ts';
import type { SubmittedRequest } from './projected-request.ts';
import { isEnd } from './request-progress.ts';

export interface ReportFilter {
  readonly year: number;
  /** Empty: every model. */
  readonly modelKey: string;
  /** Unspecified: every law. */
  readonly regulation: Regulation;
}

const dayMs = 24 * 60 * 60 * 1000;

const compliedWith: ReadonlySet<RequestState> = new Set([
  RequestState.REQUEST_STATE_COMPLETED,
  RequestState.REQUEST_STATE_ALREADY_FORGOTTEN,
  RequestState.REQUEST_STATE_NO_MATCH,
  RequestState.REQUEST_STATE_REMOVED_FROM_EVALUATION,
  RequestState.REQUEST_STATE_DUPLICATE,
]);

/**
 * Counts the requests of a year, and how long they took. Between two pages others get their turn:
 * a report over millions of requests must not keep a registry from answering.
 */
export async function yearlyReport(
  pages: Iterable<readonly SubmittedRequest[]>,
  filter: ReportFilter,
  now: Date,
): Promise<GetReportResponse> {
  const tally = new YearlyTally(filter, now);
  for (const page of pages) {
    for (const request of page) tally.add(request);
    await setImmediate();
  }
  return tally.report();
}

class YearlyTally {
  readonly #filter: ReportFilter;
  readonly #nowMs: number;
  readonly #days: number[] = [];
  readonly #counts = {
    received: 0n,
    compliedWith: 0n,
    denied: 0n,
    cancelled: 0n,
    open: 0n,
    escalated: 0n,
    extended: 0n,
    late: 0n,
    due50: 0n,
    due75: 0n,
    due90: 0n,
  };

  constructor(filter: ReportFilter, now: Date) {
    this.#filter = filter;
    this.#nowMs = now.getTime();
  }

  add(request: SubmittedRequest): void {
    const { modelKey, regulation } = this.#filter;
    // A request over several models counts once, or as what it is in the one that is asked for.
    if (modelKey === '' ? request.isChild : request.modelKey !== modelKey) return;
    const isOfLaw =
      regulation === Regulation.REGULATION_UNSPECIFIED || request.regulation === regulation;
    if (!isOfLaw) return;
    const { state, submittedMs, deadlineMs, endedMs } = request;
    const counts = this.#counts;
    counts.received += 1n;
    if (request.isExtended) counts.extended += 1n;
    if (compliedWith.has(state)) counts.compliedWith += 1n;
    else if (state === RequestState.REQUEST_STATE_DENIED) counts.denied += 1n;
    else if (state === RequestState.REQUEST_STATE_CANCELLED) counts.cancelled += 1n;
    else if (state === RequestState.REQUEST_STATE_ESCALATED) counts.escalated += 1n;
    if (!isEnd(state)) {
      counts.open += 1n;
      const percent = clockPercent(submittedMs, deadlineMs, this.#nowMs);
      if (percent >= 50 && percent < 75) counts.due50 += 1n;
      else if (percent >= 75 && percent < 90) counts.due75 += 1n;
      else if (percent >= 90 && percent < 100) counts.due90 += 1n;
    }
    if ((endedMs ?? this.#nowMs) > deadlineMs && deadlineMs > 0) counts.late += 1n;
    // How long it took counts for what was done or denied, not for what was taken back.
    if (endedMs !== undefined && state !== RequestState.REQUEST_STATE_CANCELLED) {
      this.#days.push(Math.max(0, endedMs - submittedMs) / dayMs);
    }
  }

  report(): GetReportResponse {
    const days = Float64Array.from(this.#days).sort();
    const sum = days.reduce((total, each) => total + each, 0);
    return {
      year: this.#filter.year,
      ...this.#counts,
      meanDays: days.length === 0 ? 0 : sum / days.length,
      medianDays: median(days),
    };
  }
}

function median(sorted: Float64Array): number {
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
