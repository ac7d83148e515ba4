/** How long to wait before attempt `attempt` + 1 after `attempt` failures in a row (1, 2, 3, …). */
export type Backoff = (attempt: number) => number;

/** Doubles from `firstMs`, never above `capMs`. */
export function exponentialBackoff(firstMs = 100, capMs = 30_000): Backoff {
  return (attempt) => Math.min(capMs, firstMs * 2 ** (attempt - 1));
}
