import type { Readiness } from './lethe-service.ts';
import { stuckWork } from './work-watch.ts';

/**
 * Whether a service is ready, all things considered: work of this process that does not get on,
 * what the service says of itself, and what it stands on.
 *
 * @param interruption why bus or store are away, where that is so
 */
export function wholeReadiness(own: Readiness, interruption?: Error): Readiness {
  const stuck = stuckWork();
  if (stuck !== undefined) return { kind: 'not-ready', reason: stuck };
  if (own.kind !== 'ready' || interruption === undefined) return own;
  return { kind: 'not-ready', reason: interruption.message };
}
