import { percent, points } from '../output/format.ts';
import { escapeHtml } from '../plots/escape-html.ts';
import { renderLinePlot } from '../plots/line-plot.ts';
import type { DemoRecord, RoundRecord } from './demo-record.ts';

/** The demo's HTML report: one file, no script, nothing loaded from elsewhere. */
export function renderReport(record: DemoRecord): string {
  const promoted = record.rounds.filter((round) => round.promoted);
  const rejected = record.rounds.filter((round) => !round.promoted);
  const last = promoted.at(-1);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Lethe: ${escapeHtml(record.modelKey)}</title><style>${style}</style></head><body><main>
<h1>What ${escapeHtml(record.modelKey)} forgot</h1>
<p>${record.requests.completed} of ${record.requests.total} deletion requests completed in ${promoted.length} promoted rounds, mode <b>${escapeHtml(record.mode)}</b>, on the ${escapeHtml(record.backend)} backend, in ${record.seconds.toFixed(0)} s. ${record.requests.noMatch > 0 ? `${record.requests.noMatch} named nothing that was trained on.` : ''}</p>
<dl>
<div><dt>Held-out accuracy before</dt><dd>${percent(record.heldOutAccuracyBefore)}</dd></div>
<div><dt>Held-out accuracy after</dt><dd>${percent(last?.heldOutAccuracy)}</dd></div>
<div><dt>Images forgotten</dt><dd>${promoted.reduce((sum, round) => sum + round.images, 0)}</dd></div>
<div><dt>Candidates rejected</dt><dd>${rejected.length}</dd></div>
</dl>
${renderLinePlot({
  title: 'Held-out accuracy of every candidate',
  xLabels: record.rounds.map((round) => `#${round.sequence}`),
  format: (value) => `${(100 * value).toFixed(1)} %`,
  reference: { value: record.heldOutAccuracyBefore, name: 'before the first round' },
  series: [
    {
      name: 'promoted',
      colour: 'var(--blue)',
      values: record.rounds.map((r) => (r.promoted ? r.heldOutAccuracy : undefined)),
    },
    {
      name: 'rejected',
      colour: 'var(--red)',
      values: record.rounds.map((r) => (r.promoted ? undefined : r.heldOutAccuracy)),
    },
  ],
})}
${renderLinePlot({
  title: 'Accuracy on what was to be forgotten',
  xLabels: promoted.map((round) => `#${round.sequence}`),
  format: (value) => `${(100 * value).toFixed(0)} %`,
  range: [0, 1],
  reference: {
    value: record.heldOutAccuracyBefore,
    name: 'held-out accuracy: where unseen images are',
  },
  series: [
    { name: 'this round', colour: 'var(--blue)', values: promoted.map((r) => r.forgetAccuracy) },
    {
      name: 'all earlier rounds',
      colour: 'var(--orange)',
      values: promoted.map((r) => r.forgetAccuracyEarlier),
    },
  ],
})}
<h2>Rounds</h2>
<table><thead><tr><th>#</th><th>method</th><th>requests</th><th>images</th><th>forget</th><th>earlier</th><th>held out</th><th>change</th><th>s</th><th>decision</th></tr></thead>
<tbody>${record.rounds.map((round) => renderRound(round, record)).join('\n')}</tbody></table>
<p class="small">“forget” is the share of the round's images still given their label; “earlier” the same over the images of all earlier promoted rounds. Held out: ${record.heldOutCount} images that no round trains or stops on. Unlearning by rounds is approximate: it is measured here, not proven.</p>
</main></body></html>
`;
}

function renderRound(round: RoundRecord, record: DemoRecord): string {
  const decision = round.promoted ? 'promoted' : `rejected: ${escapeHtml(summary(round.reasons))}`;
  return `<tr class="${round.promoted ? '' : 'rejected'}"><td>${round.sequence}</td><td>${escapeHtml(round.method)}</td><td>${round.requests}</td><td>${round.images}</td><td>${percent(round.forgetAccuracy)}</td><td>${percent(round.forgetAccuracyEarlier)}</td><td>${percent(round.heldOutAccuracy)}</td><td>${points(round.heldOutAccuracy - record.heldOutAccuracyBefore)}</td><td>${round.seconds.toFixed(1)}</td><td>${decision}</td></tr>`;
}

function summary([first = 'no reason was given', ...others]: readonly string[]): string {
  return others.length === 0 ? first : `${first} ${others.length} more checks failed.`;
}

const style = `
:root{color-scheme:light dark;--blue:#2563eb;--orange:#b45309;--red:#b91c1c;--line:#d4d4d8}
@media (prefers-color-scheme:dark){:root{--blue:#7aa5ff;--orange:#fbbf6b;--red:#ff8a8a;--line:#3f3f46}}
body{font:16px/1.5 system-ui,sans-serif;margin:0}
main{max-width:60rem;margin:auto;padding:2rem 1rem}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:1rem}
dt{font-size:.85rem}dd{margin:0;font-size:1.6rem;font-weight:600}
figure{margin:2rem 0}figcaption{font-weight:600}
svg{width:100%;height:auto}.grid{stroke:var(--line)}.reference{stroke:currentColor;stroke-dasharray:4 4;opacity:.6}
.tick{font-size:11px;fill:currentColor}
.legend span{margin-right:1.5rem}.legend i{display:inline-block;width:.8rem;height:.8rem;margin-right:.4rem}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:.35rem .5rem;text-align:right;vertical-align:top;border-bottom:1px solid var(--line)}
th:last-child,td:last-child{text-align:left}tr.rejected td{color:var(--red)}
.small{font-size:.85rem}`;
