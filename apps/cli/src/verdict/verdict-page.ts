import { type Check, Outcome, type Verdict } from '@lethe/contracts';
import { formatFigure, type MetricName, metricNames, metricOf } from '@lethe/gate';
import { shortDigest } from '../output/format.ts';
import { outcomeName } from '../output/names.ts';
import { escapeHtml } from '../plots/escape-html.ts';
import { renderIntervalPlot } from '../plots/interval-plot.ts';

/** A verdict as a page: one file, no script, nothing loaded from elsewhere. */
export function renderVerdictPage(verdict: Verdict, verdictDigest: string): string {
  const stopping = verdict.checks.filter(
    (check) => !check.advisory && check.outcome !== Outcome.OUTCOME_PASS,
  );
  const undecided = verdict.checks.filter(({ advisory }) => advisory);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Verdict on ${escapeHtml(verdict.modelKey)} round ${verdict.sequence}</title><style>${style}</style></head><body><main>
<h1>${escapeHtml(verdict.modelKey)}, round ${verdict.sequence}: <span class="${outcomeName(verdict.outcome)}">${outcomeName(verdict.outcome)}</span></h1>
<p>Judged on ${escapeHtml(verdict.judgedTime?.toISOString() ?? '–')} against version ${verdict.servedSequence} (served then) and the original, under the policy <b>${escapeHtml(verdict.policyName || '–')}</b>.</p>
${list('What stopped it', stopping)}
${list('What could not be decided, and was left to the other checks', undecided)}
<h2>Check by check</h2>
<table><thead><tr><th>check</th><th>outcome</th><th>figure, interval, allowed range</th><th>in words</th></tr></thead><tbody>
${verdict.checks.map(renderCheck).join('\n')}
</tbody></table>
<p class="small">Band: what the policy allows. Line: confidence interval. Dot: the figure. Weights <code>${shortDigest(verdict.weightsDigest)}</code>, manifest <code>${shortDigest(verdict.manifestDigest)}</code>, policy <code>${shortDigest(verdict.policyDigest)}</code>, verdict <code>${shortDigest(verdictDigest)}</code>; evaluation sets ${Object.entries(
    verdict.evaluationSetDigests,
  )
    .map(([name, digest]) => `${escapeHtml(name)} <code>${shortDigest(digest)}</code>`)
    .join(', ')}. Unlearning is approximate: it is measured here, not proven.</p>
</main></body></html>
`;
}

function list(title: string, checks: readonly Check[]): string {
  if (checks.length === 0) return '';
  const items = checks.map(
    ({ name, reason, explanation }) =>
      `<li><code>${escapeHtml(name)}</code> ${escapeHtml(reason)}: ${escapeHtml(explanation)}</li>`,
  );
  return `<h2>${escapeHtml(title)}</h2><ul>${items.join('')}</ul>`;
}

function renderCheck(check: Check): string {
  const outcome = outcomeName(check.outcome);
  const shown = check.advisory ? `${outcome}, recorded` : outcome;
  return `<tr><td><code>${escapeHtml(check.name)}</code></td><td class="${outcome}">${shown}</td><td>${renderFigure(check)}</td><td>${escapeHtml(check.explanation)}</td></tr>`;
}

function renderFigure(check: Check): string {
  const metric = metricNames.find((name) => name === check.metric);
  if (metric === undefined || check.intervalMethod === '') return '';
  return renderIntervalPlot({
    value: check.value,
    interval: [check.intervalLow, check.intervalHigh],
    bounds: [check.low, check.high],
    colour: colourOf(check.outcome),
    title: describeFigure(check, metric),
  });
}

function describeFigure(check: Check, metric: MetricName): string {
  const show = (value: number) => formatFigure(value, metricOf(metric).unit);
  return `${show(check.value)}, interval ${show(check.intervalLow)} to ${show(check.intervalHigh)}, allowed ${show(check.low)} to ${show(check.high)}`;
}

function colourOf(outcome: Outcome): string {
  if (outcome === Outcome.OUTCOME_PASS) return 'var(--pass)';
  return outcome === Outcome.OUTCOME_FAIL ? 'var(--fail)' : 'var(--open)';
}

const style = `
:root{color-scheme:light dark;--pass:#15803d;--fail:#b91c1c;--open:#b45309;--line:#d4d4d8;--band:#dbeafe}
@media (prefers-color-scheme:dark){:root{--pass:#6ee7a0;--fail:#ff8a8a;--open:#fbbf6b;--line:#3f3f46;--band:#1e3a5f}}
body{font:15px/1.5 system-ui,sans-serif;margin:0}main{max-width:72rem;margin:auto;padding:2rem 1rem}
table{border-collapse:collapse;width:100%}th,td{padding:.3rem .5rem;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
.pass{color:var(--pass)}.fail{color:var(--fail)}.inconclusive{color:var(--open)}
svg.interval{width:220px;height:26px}.allowed{fill:var(--band)}.small{font-size:.85rem}`;
