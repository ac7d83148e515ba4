import type { Metric } from './policy/metrics.ts';

/** A share for people: 0.9173 → `91.73 %`. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

/** A figure in the unit of its metric, for people. */
export function formatFigure(value: number, unit: Metric['unit']): string {
  switch (unit) {
    case 'share':
      return percent(value);
    case 'difference':
      return `${value < 0 ? '−' : value > 0 ? '+' : ''}${(100 * Math.abs(value)).toFixed(2)} points`;
    case 'auc':
      return value.toFixed(3);
    case 'nats':
      return `${value.toPrecision(3)} nats`;
    case 'ratio':
      return value.toPrecision(3);
    default:
      return unit satisfies never;
  }
}
