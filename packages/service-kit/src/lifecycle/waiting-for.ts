import type { Readiness } from './lethe-service.ts';

/**
 * Not ready, and for how long by now: what answers slowly, or not at all, counts as trouble only
 * when all attempts have timed out, and that is minutes later.
 *
 * @param what for example `the object store folder:/x`
 */
export function waitingFor(
  what: string,
  nowMs: () => number = () => performance.now(),
): () => Readiness {
  const sinceMs = nowMs();
  return () => {
    const seconds = Math.round((nowMs() - sinceMs) / 1_000);
    return { kind: 'not-ready', reason: `waiting for ${what} for ${seconds} s` };
  };
}
