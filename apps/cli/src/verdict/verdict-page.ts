import { type Check, Outcome, type Verdict } from '@lethe/contracts';
import { formatFigure, type MetricName, metricNames, metricOf } from '@lethe/gate';
import { outcomeName } from '../output/names.ts';
import { escapeHtml } from '../plots/escape-html.ts';
import { renderIntervalPlot } from '../plots/interval-plot.ts';
import { type CheckGroup, groupChecks } from './check-groups.ts';

/** A verdict as a page: one file, no script, nothing loaded from elsewhere. */
export function renderVerdictPage(verdict: Verdict, verdictDigest: string): string {
  const { modelKey, sequence, outcome, checks } = verdict;
  const stopping = checks.filter(
    (check) => !check.advisory && check.outcome !== Outcome.OUTCOME_PASS,
  );
  const undecided = checks.filter(({ advisory }) => advisory);
  const title = `${escapeHtml(modelKey)}, round ${sequence}`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Verdict on ${title}</title><style>${style}</style></head><body><main>
<h1>${title}: <span class="${outcomeName(outcome)}">${outcomeName(outcome)}</span></h1>
<p class="lead">${meaning(outcome, stopping.length, undecided.length)}</p>
<p>Judged against version ${verdict.servedSequence}, which served then, and the original, under the policy <b>${escapeHtml(verdict.policyName || '–')}</b>. ${checks.length} checks: ${count(checks, Outcome.OUTCOME_PASS)} passed, ${count(checks, Outcome.OUTCOME_FAIL)} failed, ${count(checks, Outcome.OUTCOME_INCONCLUSIVE)} could not be decided.</p>
${list('What stops it', stopping)}
${undecided.length === 0 ? '' : `<details><summary>What could not be decided, and was left to the other checks (${undecided.length})</summary>${items(undecided)}</details>`}
<h2>How to read the plots</h2>
<p>${legend} The blue band is what the policy allows. The dot is what was measured; the line is where the true value lies, at the policy’s confidence. All of the line within the band: passed. The dot outside by more than chance explains: failed. Anything else: too few samples to tell.</p>
${groupChecks(checks).map(renderGroup).join('\n')}
<h2>The samples that judged</h2>
${renderSets(verdict)}
<h2>What this verdict is about, exactly</h2>
<table class="digests"><tbody>
${digestRow('weights judged', verdict.weightsDigest)}
${digestRow('manifest of the round', verdict.manifestDigest)}
${digestRow('weights that served', verdict.servedWeightsDigest)}
${digestRow('original weights', verdict.originalWeightsDigest)}
${digestRow('policy', verdict.policyDigest)}
${digestRow('this verdict', verdictDigest === '' ? 'a dry run: nothing was written' : verdictDigest)}
</tbody></table>
<p class="small">The same candidate, policy and samples give the same verdict, byte for byte. Unlearning is approximate: it is measured here, not proven.</p>
</main></body></html>
`;
}

function meaning(outcome: Outcome, stopping: number, undecided: number): string {
  const these = stopping === 1 ? 'one check stops it' : `${stopping} checks stop it`;
  switch (outcome) {
    case Outcome.OUTCOME_PASS:
      return undecided === 0
        ? 'This version may serve: every check was passed.'
        : `This version may serve. ${undecided} checks that its few samples cannot decide alone are recorded below; later rounds are judged together with this one.`;
    case Outcome.OUTCOME_FAIL:
      return `This version must not serve: ${these}.`;
    default:
      return `This version must not serve: the gate lacks what it needs to decide (${these}).`;
  }
}

function count(checks: readonly Check[], outcome: Outcome): number {
  return checks.filter((check) => check.outcome === outcome).length;
}

function list(title: string, checks: readonly Check[]): string {
  return checks.length === 0 ? '' : `<h2>${escapeHtml(title)}</h2>${items(checks)}`;
}

function items(checks: readonly Check[]): string {
  const lines = checks.map(
    ({ name, reason, explanation }) =>
      `<li><code>${escapeHtml(name)}</code> ${escapeHtml(reason)}: ${escapeHtml(explanation)}</li>`,
  );
  return `<ul>${lines.join('')}</ul>`;
}

function renderGroup({ title, about, checks }: CheckGroup): string {
  return `<h2>${escapeHtml(title)}</h2>
<p>${escapeHtml(about)}</p>
<table><thead><tr><th>check</th><th>outcome</th><th>measured</th><th>in words</th></tr></thead><tbody>
${checks.map(renderCheck).join('\n')}
</tbody></table>`;
}

function renderCheck(check: Check): string {
  const outcome = outcomeName(check.outcome);
  const shown = check.advisory ? `${outcome}, recorded` : outcome;
  return `<tr><td><code>${escapeHtml(check.name)}</code></td><td class="${outcome}">${shown}</td><td>${renderFigure(check)}</td><td>${escapeHtml(check.explanation)}</td></tr>`;
}

function renderFigure(check: Check): string {
  const metric = metricNames.find((name) => name === check.metric);
  if (metric === undefined || check.reason === 'too_few_samples') return '';
  const show = (value: number) => escapeHtml(formatFigure(value, metricOf(metric).unit));
  if (check.intervalMethod === '') {
    return `${show(check.value)}<br><span class="small">allowed ${show(check.low)} to ${show(check.high)}</span>`;
  }
  const plot = renderIntervalPlot({
    value: check.value,
    interval: [check.intervalLow, check.intervalHigh],
    bounds: [check.low, check.high],
    colour: colourOf(check.outcome),
    title: describeFigure(check, metric),
  });
  return `${plot}<br>${show(check.value)}<br><span class="small">allowed ${show(check.low)} to ${show(check.high)}, ${check.sampleCount} samples</span>`;
}

function describeFigure(check: Check, metric: MetricName): string {
  const show = (value: number) => formatFigure(value, metricOf(metric).unit);
  return `${show(check.value)}, interval ${show(check.intervalLow)} to ${show(check.intervalHigh)}, allowed ${show(check.low)} to ${show(check.high)}`;
}

function colourOf(outcome: Outcome): string {
  if (outcome === Outcome.OUTCOME_PASS) return 'var(--pass)';
  return outcome === Outcome.OUTCOME_FAIL ? 'var(--fail)' : 'var(--open)';
}

function renderSets({ evaluationSets, evaluationSetDigests }: Verdict): string {
  const rows =
    evaluationSets.length > 0
      ? evaluationSets.map(
          ({ name, role, size, excluded, digest }) =>
            `<tr><td>${escapeHtml(name)}</td><td>${role === 'stop' ? 'may steer a round' : 'judges'}</td><td>${size}</td><td>${excluded}</td><td><code>${escapeHtml(digest)}</code></td></tr>`,
        )
      : Object.entries(evaluationSetDigests).map(
          ([name, digest]) =>
            `<tr><td>${escapeHtml(name)}</td><td></td><td></td><td></td><td><code>${escapeHtml(digest)}</code></td></tr>`,
        );
  return `<table class="digests"><thead><tr><th>set</th><th>role</th><th>samples</th><th>taken out by deletion requests</th><th>SHA-256</th></tr></thead><tbody>
${rows.join('\n')}
</tbody></table>`;
}

function digestRow(what: string, digest: string): string {
  return `<tr><td>${what}</td><td><code>${escapeHtml(digest)}</code></td></tr>`;
}

const legend = renderIntervalPlot({
  value: 0.01,
  interval: [-0.005, 0.025],
  bounds: [-0.03, 0.03],
  colour: 'var(--pass)',
  title: 'an example: the interval lies within what is allowed',
});

const style = `
:root{color-scheme:light dark;--pass:#15803d;--fail:#b91c1c;--open:#b45309;--line:#d4d4d8;--band:#dbeafe}
@media (prefers-color-scheme:dark){:root{--pass:#6ee7a0;--fail:#ff8a8a;--open:#fbbf6b;--line:#3f3f46;--band:#1e3a5f}}
body{font:15px/1.5 system-ui,sans-serif;margin:0}main{max-width:72rem;margin:auto;padding:2rem 1rem}
table{border-collapse:collapse;width:100%}th,td{padding:.3rem .5rem;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
td:first-child{min-width:13rem}td:nth-child(3){white-space:nowrap}code{overflow-wrap:anywhere}.lead{font-size:1.15rem}
.pass{color:var(--pass)}.fail{color:var(--fail)}.inconclusive{color:var(--open)}
summary{font-weight:600;cursor:pointer}svg.interval{width:220px;height:26px;vertical-align:middle}.allowed{fill:var(--band)}.small{font-size:.85rem}
@media print{main{max-width:none;padding:0}tr{break-inside:avoid}}`;
