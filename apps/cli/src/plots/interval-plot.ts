import { type IntervalFigure, intervalRange } from '@lethe/gate';
import { escapeHtml } from './escape-html.ts';

export interface IntervalPlot extends IntervalFigure {
  /** CSS colour; `currentColor` and variables work. */
  readonly colour: string;
  readonly title: string;
}

const size = { width: 220, height: 26, margin: 8 };

/** A small SVG: the allowed range as a band, the interval as a line on it, the value as a dot. */
export function renderIntervalPlot(plot: IntervalPlot): string {
  const [low, high] = intervalRange(plot);
  const x = (value: number) => {
    const share = (Math.min(high, Math.max(low, value)) - low) / (high - low || 1);
    return (size.margin + share * (size.width - 2 * size.margin)).toFixed(1);
  };
  const middle = size.height / 2;
  const [from, to] = plot.bounds.map(x) as [string, string];
  const [left, right] = plot.interval.map(x) as [string, string];
  return (
    `<svg class="interval" viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${escapeHtml(plot.title)}">` +
    `<title>${escapeHtml(plot.title)}</title>` +
    `<rect class="allowed" x="${from}" y="4" width="${(Number(to) - Number(from)).toFixed(1)}" height="${size.height - 8}"/>` +
    `<line x1="${left}" x2="${right}" y1="${middle}" y2="${middle}" stroke="${plot.colour}" stroke-width="3"/>` +
    `<circle cx="${x(plot.value)}" cy="${middle}" r="4.5" fill="${plot.colour}"/></svg>`
  );
}
