import { escapeHtml } from './escape-html.ts';

export interface IntervalPlot {
  readonly value: number;
  /** Confidence interval of the value. */
  readonly interval: readonly [number, number];
  /** Where it may lie. */
  readonly bounds: readonly [number, number];
  /** CSS colour; `currentColor` and variables work. */
  readonly colour: string;
  readonly title: string;
}

const size = { width: 220, height: 26, margin: 8 };

/** A small SVG: the allowed range as a band, the interval as a line on it, the value as a dot. */
export function renderIntervalPlot(plot: IntervalPlot): string {
  const [low, high] = rangeOf(plot);
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

/** What the value needs, and the bounds as far as they are near: a bound of a million is no scale. */
function rangeOf({ value, interval, bounds }: IntervalPlot): [number, number] {
  const needed = [value, ...interval];
  const spread = Math.max(...needed) - Math.min(...needed) || Math.abs(value) || 0.01;
  const near = bounds.filter((bound) => Math.abs(bound - value) <= 12 * spread);
  const all = [...needed, ...(near.length > 0 ? near : [bounds[nearest(value, bounds)] as number])];
  const low = Math.min(...all);
  const high = Math.max(...all);
  const margin = 0.08 * (high - low || 1);
  return [low - margin, high + margin];
}

function nearest(value: number, [low, high]: readonly [number, number]): 0 | 1 {
  return Math.abs(value - low) < Math.abs(value - high) ? 0 : 1;
}
