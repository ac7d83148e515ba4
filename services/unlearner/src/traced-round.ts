import { count, inSpan, measure, type OpenSpan, tellSpan } from '@lethe/telemetry';
import { type Attempt, sampleCount } from './actor-state.ts';
import type { AttemptOutcome } from './attempt-round.ts';

/**
 * Runs an attempt as a trace of its own, linked to every request that it serves; each of those
 * gets a span in its own trace that links back. So one request is followed without a gap, and a
 * round shows whom it served.
 */
export function tracedRound(
  modelKey: string,
  attempt: Attempt,
  work: () => Promise<AttemptOutcome>,
): Promise<AttemptOutcome> {
  const startMs = Date.now();
  const attributes = {
    'lethe.model': modelKey,
    'lethe.sequence': attempt.sequence,
    'lethe.method': attempt.rung.method,
    'lethe.ladder_step': attempt.ladderStep,
    'lethe.request_count': attempt.parts.length,
    'lethe.sample_count': sampleCount(attempt),
  };
  const links = attempt.parts.map(({ pending }) => pending.request.traceparent);
  return inSpan('round', { parent: 'none', links, attributes }, async (span) => {
    const startedMs = performance.now();
    const outcome = await work();
    const seconds = (performance.now() - startedMs) / 1000;
    const { method } = attempt.rung;
    measure('lethe.round.duration', seconds, { model: modelKey, method, outcome: outcome.kind });
    if (outcome.kind === 'committed') {
      count('lethe.round.samples', { model: modelKey }, sampleCount(attempt));
      const { parentWeights, weights, state, manifest } = outcome.digests;
      span.set({
        'lethe.parent_weights_digest': parentWeights,
        'lethe.weights_digest': weights,
        'lethe.state_digest': state,
        'lethe.manifest_digest': manifest,
      });
    }
    span.set({ 'lethe.outcome': outcome.kind });
    if (outcome.kind === 'rung-failed')
      span.event('ladder step failed', { reason: outcome.reason });
    if (outcome.kind === 'overtaken') span.event('fenced', { 'lethe.sequence': attempt.sequence });
    tellRequests(attempt, outcome, startMs, span);
    return outcome;
  });
}

function tellRequests(
  { parts, sequence }: Attempt,
  outcome: AttemptOutcome,
  startMs: number,
  { traceparent }: OpenSpan,
): void {
  for (const { pending, rows, last } of parts) {
    if (pending.request.traceparent === '') continue;
    tellSpan('forget in round', {
      parent: { traceparent: pending.request.traceparent },
      links: [traceparent],
      startMs,
      attributes: {
        'lethe.request_id': pending.request.requestId,
        'lethe.model': pending.request.modelKey,
        'lethe.sequence': sequence,
        'lethe.sample_count': rows.length,
        'lethe.last': last,
        'lethe.outcome': outcome.kind,
      },
    });
  }
}
