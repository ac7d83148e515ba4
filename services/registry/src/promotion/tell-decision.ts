import { type Decision, type Round, requestStateToJSON } from '@lethe/contracts';
import { activeTraceparent, addSpanEvent, count, measure, tellSpan } from '@lethe/telemetry';
import { endsOf } from '../domain/decision-events.ts';

/** Tells a decision once, by who made it: metrics, and the end of each request's own trace. */
export function tellDecision(decision: Decision, round: Round): void {
  const { modelKey, sequence, reason, promoted } = decision;
  count('lethe.decisions', { model: modelKey, reason });
  addSpanEvent(promoted ? 'promoted' : 'refused', { reason });
  for (const { request, status } of endsOf(decision, round)) {
    const state = requestStateToJSON(status.state);
    const endMs = decision.decidedTime?.getTime() ?? 0;
    const seconds = Math.max(0, endMs - (request.acceptedTime?.getTime() ?? endMs)) / 1000;
    measure('lethe.request.duration', seconds, { state });
    if (request.traceparent === '') continue;
    tellSpan('complete', {
      parent: { traceparent: request.traceparent },
      links: [activeTraceparent()],
      attributes: {
        'lethe.request_id': request.requestId,
        'lethe.model': modelKey,
        'lethe.sequence': sequence,
        'lethe.request_state': state,
      },
    });
  }
}
