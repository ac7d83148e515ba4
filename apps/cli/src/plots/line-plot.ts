import { escapeHtml } from './escape-html.ts';

export interface Series {
  readonly name: string;
  /** CSS colour; `currentColor` and variables work. */
  readonly colour: string;
  /** Gaps where undefined. */
  readonly values: readonly (number | undefined)[];
}

export interface LinePlot {
  readonly title: string;
  readonly xLabels: readonly string[];
  readonly series: readonly Series[];
  /** Text of a value on the axis and in the tooltips. */
  readonly format: (value: number) => string;
  /** Range of the y axis; by default that of the values with a margin. */
  readonly range?: readonly [number, number];
  /** A dashed reference line. */
  readonly reference?: { readonly value: number; readonly name: string };
}

const size = { width: 640, height: 240, left: 64, right: 16, top: 16, bottom: 36 };

/** An SVG line plot with axis, legend and a tooltip per point; needs no script. */
export function renderLinePlot(plot: LinePlot): string {
  const [low, high] = plot.range ?? rangeOf(plot);
  const x = (index: number) =>
    size.left +
    ((size.width - size.left - size.right) * (index + 0.5)) / Math.max(1, plot.xLabels.length);
  const y = (value: number) =>
    size.height -
    size.bottom -
    ((size.height - size.top - size.bottom) * (value - low)) / (high - low || 1);

  const ticks = [0, 1, 2, 3, 4].map((step) => low + ((high - low) * step) / 4);
  const grid = ticks.map(
    (tick) =>
      `<line class="grid" x1="${size.left}" x2="${size.width - size.right}" y1="${y(tick)}" y2="${y(tick)}"/>` +
      `<text class="tick" x="${size.left - 8}" y="${y(tick) + 4}" text-anchor="end">${escapeHtml(plot.format(tick))}</text>`,
  );
  const labels = plot.xLabels.map(
    (label, index) =>
      `<text class="tick" x="${x(index)}" y="${size.height - 12}" text-anchor="middle">${escapeHtml(label)}</text>`,
  );
  const lines = plot.series.map((series) => renderSeries(series, plot, x, y));
  const reference = plot.reference
    ? `<line class="reference" x1="${size.left}" x2="${size.width - size.right}" y1="${y(plot.reference.value)}" y2="${y(plot.reference.value)}"><title>${escapeHtml(plot.reference.name)}</title></line>`
    : '';
  const legend = plot.series
    .map(
      (series) =>
        `<span><i style="background:${series.colour}"></i>${escapeHtml(series.name)}</span>`,
    )
    .join('');
  return `<figure><figcaption>${escapeHtml(plot.title)}</figcaption>
<svg viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${escapeHtml(plot.title)}">
${grid.join('')}${labels.join('')}${reference}${lines.join('')}
</svg><div class="legend">${legend}</div></figure>`;
}

function renderSeries(
  series: Series,
  plot: LinePlot,
  x: (index: number) => number,
  y: (value: number) => number,
): string {
  const known = series.values.flatMap((value, index) =>
    value === undefined ? [] : [{ value, index }],
  );
  const path = known
    .map(
      ({ value, index }, i) =>
        `${i === 0 ? 'M' : 'L'}${x(index).toFixed(1)} ${y(value).toFixed(1)}`,
    )
    .join('');
  const dots = known.map(
    ({ value, index }) =>
      `<circle cx="${x(index).toFixed(1)}" cy="${y(value).toFixed(1)}" r="4" fill="${series.colour}"><title>${escapeHtml(`${series.name}, ${plot.xLabels[index] ?? ''}: ${plot.format(value)}`)}</title></circle>`,
  );
  return `<path d="${path}" fill="none" stroke="${series.colour}" stroke-width="2"/>${dots.join('')}`;
}

function rangeOf(plot: LinePlot): [number, number] {
  const values = plot.series.flatMap((series) => series.values.filter((v) => v !== undefined));
  if (plot.reference) values.push(plot.reference.value);
  if (values.length === 0) return [0, 1];
  const low = Math.min(...values);
  const high = Math.max(...values);
  const margin = (high - low || Math.abs(high) || 1) * 0.15;
  return [low - margin, high + margin];
}
