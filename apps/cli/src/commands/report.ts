import { GetReportResponse, Regulation } from '@lethe/contracts';
import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { parseRegulation } from '../output/names.ts';
import { connectRequests } from './running-lethe.ts';

interface ReportOptions {
  readonly year: number;
  readonly model?: string;
  readonly regulation?: string;
}

export const run: CommandFunction<ReportOptions> = async (options, out) => {
  await using requests = connectRequests(options);
  const report = await requests.getReport({
    year: options.year,
    modelKey: options.model ?? '',
    regulation:
      options.regulation === undefined
        ? Regulation.REGULATION_UNSPECIFIED
        : parseRegulation(options.regulation),
  });
  out.result(GetReportResponse.toJSON(report));
  out.table(
    [{ title: `requests of ${report.year}` }, { title: '', align: 'right' }],
    [
      ['received', String(report.received)],
      ['complied with', String(report.compliedWith)],
      ['denied', String(report.denied)],
      ['cancelled', String(report.cancelled)],
      ['open', String(report.open)],
      ['of these, escalated', String(report.escalated)],
      ['of these, past 50 % of their time', String(report.due50)],
      ['of these, past 75 %', String(report.due75)],
      ['of these, past 90 %', String(report.due90)],
      ['deadline extended', String(report.extended)],
      ['late', String(report.late)],
      ['mean days', report.meanDays.toFixed(1)],
      ['median days', report.medianDays.toFixed(1)],
    ],
  );
  return exitCodes.ok;
};
