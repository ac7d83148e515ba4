/** A figure of a check, as it is drawn. */
export interface IntervalFigure {
  readonly value: number;
  /** Confidence interval of the value. */
  readonly interval: readonly [number, number];
  /** Where it may lie. */
  readonly bounds: readonly [number, number];
}

/**
 * From where to where a plot of it reaches: what the value needs, and the bounds as far as they are
 * near: a bound of a million is no scale.
 */
export function intervalRange({ value, interval, bounds }: IntervalFigure): [number, number] {
  const needed = [value, ...interval];
  const spread = Math.max(...needed) - Math.min(...needed) || Math.abs(value) || 0.01;
  const near = bounds.filter((bound) => Math.abs(bound - value) <= 12 * spread);
  const nearest = Math.abs(value - bounds[0]) < Math.abs(value - bounds[1]) ? bounds[0] : bounds[1];
  const all = [...needed, ...(near.length > 0 ? near : [nearest])];
  const low = Math.min(...all);
  const high = Math.max(...all);
  const margin = 0.08 * (high - low || 1);
  return [low - margin, high + margin];
}
