import { useEffect, useState } from 'preact/hooks';
import type { YearlyReport } from '../../wire/index.ts';
import { count, percent } from '../format.ts';
import { DataTable } from '../parts/data-table.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Facts, Page } from '../parts/page.tsx';
import { SaveButton } from '../parts/save-button.tsx';
import { Time } from '../parts/time.tsx';
import { OutcomesBar } from '../plots/outcomes-bar.tsx';
import { navigate } from '../router.tsx';
import { useResource } from '../use-resource.ts';

interface ReportFilter {
  readonly year: string;
  readonly law: string;
  readonly model: string;
}

/**
 * The numbers of a year. They are counted when they are asked for, and not again at every change: a
 * year may have millions of requests.
 */
export function ReportView({ query }: { readonly query: URLSearchParams }) {
  const filter: ReportFilter = {
    year: query.get('year') ?? String(new Date().getUTCFullYear()),
    law: query.get('law') ?? '',
    model: query.get('model') ?? '',
  };
  const path = `/report?${new URLSearchParams({ ...filter })}`;
  const resource = useResource<YearlyReport>(path, () => false);
  return (
    <Page
      title="Yearly report"
      lead="Requests submitted in a year and what became of them, as the CCPA (§ 7102) wants it published."
      aside={
        <div class="buttons">
          <button type="button" onClick={resource.reload}>
            Count again
          </button>
          <SaveButton path={path} fileName={`lethe-report-${filter.year}.json`}>
            Download
          </SaveButton>
        </div>
      }
    >
      <Filter {...filter} />
      <Loaded resource={resource}>{(report) => <Content report={report} {...filter} />}</Loaded>
    </Page>
  );
}

function Filter({ year, law, model }: ReportFilter) {
  const [asked, setAsked] = useState({ year, model });
  useEffect(() => setAsked({ year, model }), [year, model]);
  const show = (changed: Partial<ReportFilter>) =>
    navigate(
      `/report?${new URLSearchParams({ law, year: asked.year, model: asked.model.trim(), ...changed })}`,
    );
  return (
    <form
      class="filter"
      onSubmit={(event) => {
        event.preventDefault();
        show({});
      }}
    >
      <label class="field">
        Year
        <input
          type="number"
          min="1970"
          max="9998"
          required
          value={asked.year}
          onInput={({ currentTarget: { value } }) => setAsked((was) => ({ ...was, year: value }))}
        />
      </label>
      <label class="field">
        Law
        <select value={law} onChange={(event) => show({ law: event.currentTarget.value })}>
          <option value="">every law</option>
          <option value="gdpr">GDPR</option>
          <option value="ccpa">CCPA</option>
          <option value="other">other</option>
        </select>
      </label>
      <label class="field">
        Model
        <input
          value={asked.model}
          placeholder="every model"
          spellcheck={false}
          onInput={({ currentTarget: { value } }) => setAsked((was) => ({ ...was, model: value }))}
        />
      </label>
      <button type="submit">Show</button>
    </form>
  );
}

function Content({ report, law, model }: { readonly report: YearlyReport } & ReportFilter) {
  const { received } = report;
  const share = (value: number) => (received === 0 ? '–' : percent(value / received));
  const outcomes = [
    { name: 'complied with', value: report.compliedWith, tone: 'good' },
    { name: 'denied', value: report.denied, tone: 'warn' },
    { name: 'cancelled', value: report.cancelled, tone: 'quiet' },
    { name: 'open', value: report.open, tone: 'info' },
  ] as const;
  const rows = [
    ...outcomes,
    { name: 'of the open: escalated', value: report.escalated },
    { name: 'of the open: past 50 % of their legal time', value: report.due50 },
    { name: 'of the open: past 75 %', value: report.due75 },
    { name: 'of the open: past 90 %', value: report.due90 },
    { name: 'deadline extended', value: report.extended },
    { name: 'late: ended after the deadline, or open and past it', value: report.late },
  ];
  return (
    <section class="panel" aria-label={`Requests of ${report.year}`}>
      <div class="section-head">
        <h2>
          <span role="status">
            {count(received, 'request')} of {report.year}
            {law === '' ? '' : `, ${law.toUpperCase()}`}
            {model === '' ? '' : `, ${model}`}
          </span>
        </h2>
        <span class="quiet small">
          counted <Time time={report.countedTime} />
        </span>
      </div>
      <OutcomesBar outcomes={outcomes} total={received} />
      <DataTable
        label="What became of them"
        rows={rows}
        keyOf={({ name }) => name}
        empty=""
        columns={[
          { name: 'what', cell: ({ name }) => name },
          { name: 'requests', isNumber: true, cell: ({ value }) => value.toLocaleString('en') },
          { name: 'share of all', isNumber: true, cell: ({ value }) => share(value) },
        ]}
      />
      <Facts
        facts={[
          ['from submission to the end, mean', days(report.meanDays)],
          ['median', days(report.medianDays)],
        ]}
      />
    </section>
  );
}

function days(value: number): string {
  if (value === 0) return '–';
  if (value < 1 / 24) return `${(24 * 60 * value).toFixed(1)} minutes`;
  return value < 1 ? `${(24 * value).toFixed(1)} hours` : `${value.toFixed(1)} days`;
}
