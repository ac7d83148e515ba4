import type { YearlyReport } from '@lethe/console';
import type { GetReportResponse } from '@lethe/contracts';
import { timeText } from './words.ts';

export function reportView(report: GetReportResponse, now: Date): YearlyReport {
  return {
    year: report.year,
    countedTime: timeText(now),
    received: Number(report.received),
    compliedWith: Number(report.compliedWith),
    denied: Number(report.denied),
    cancelled: Number(report.cancelled),
    open: Number(report.open),
    escalated: Number(report.escalated),
    extended: Number(report.extended),
    late: Number(report.late),
    due50: Number(report.due50),
    due75: Number(report.due75),
    due90: Number(report.due90),
    meanDays: report.meanDays,
    medianDays: report.medianDays,
  };
}
