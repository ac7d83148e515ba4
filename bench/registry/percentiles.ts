export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
}

/** In the unit of what is given, to two decimals. */
export function percentilesOf(values: readonly number[]): Percentiles {
  const ascending = values.toSorted((a, b) => a - b);
  const at = (share: number) =>
    Number((ascending[Math.floor(share * ascending.length)] ?? 0).toFixed(2));
  return { p50: at(0.5), p99: at(0.99) };
}
