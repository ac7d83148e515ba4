import { type GetReportResponse, Regulation, RequestState } from '@lethe/contracts';
import { clockPercent } from './legal-alerts.ts';
import { isEnd } from './request-progress.ts';
import type { SubmittedRequest } from './request-projection.ts';

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

/** Counts the requests of a year, and how long they took. Pure. */
export function yearlyReport(
  requests: Iterable<SubmittedRequest>,
  { year, modelKey, regulation }: ReportFilter,
  now: Date,
): GetReportResponse {
  const report = {
    year,
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
  const days: number[] = [];
  for (const request of requests) {
    // A request over several models counts once, or as what it is in the one that is asked for.
    if (modelKey === '' ? request.isChild : request.modelKey !== modelKey) continue;
    const isOfLaw =
      regulation === Regulation.REGULATION_UNSPECIFIED || request.regulation === regulation;
    if (!isOfLaw) continue;
    const { state, submittedMs, deadlineMs, endedMs } = request;
    report.received += 1n;
    if (request.isExtended) report.extended += 1n;
    if (compliedWith.has(state)) report.compliedWith += 1n;
    else if (state === RequestState.REQUEST_STATE_DENIED) report.denied += 1n;
    else if (state === RequestState.REQUEST_STATE_CANCELLED) report.cancelled += 1n;
    else if (state === RequestState.REQUEST_STATE_ESCALATED) report.escalated += 1n;
    if (!isEnd(state)) {
      report.open += 1n;
      const percent = clockPercent(submittedMs, deadlineMs, now.getTime());
      if (percent >= 50 && percent < 75) report.due50 += 1n;
      else if (percent >= 75 && percent < 90) report.due75 += 1n;
      else if (percent >= 90 && percent < 100) report.due90 += 1n;
    }
    if ((endedMs ?? now.getTime()) > deadlineMs && deadlineMs > 0) report.late += 1n;
    // How long it took counts for what was done or denied, not for what was taken back.
    if (endedMs !== undefined && state !== RequestState.REQUEST_STATE_CANCELLED) {
      days.push(Math.max(0, endedMs - submittedMs) / dayMs);
    }
  }
  const sum = days.reduce((total, each) => total + each, 0);
  return {
    ...report,
    meanDays: days.length === 0 ? 0 : sum / days.length,
    medianDays: median(days),
  };
}

function median(values: number[]): number {
  if (values.length === 0) return 0;
  values.sort((a, b) => a - b);
  const middle = values.length >> 1;
  const upper = values[middle] ?? 0;
  return values.length % 2 === 1 ? upper : ((values[middle - 1] ?? 0) + upper) / 2;
}
