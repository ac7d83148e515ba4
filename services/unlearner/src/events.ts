/** Everything that happens to a round, told once: one function per event, for log and metrics. */
import {
  type DeletionRequested,
  LetheError,
  RequestState,
  type RoundMetrics,
  requestStateToJSON,
  topics,
} from '@lethe/contracts';
import { type HandledRecord, type Log, recordSpan } from '@lethe/service-kit';
import { addSpanEvent, beginSpan, count, measure, tellSpan } from '@lethe/telemetry';
import { type Attempt, sampleCount } from './actor-state.ts';
import { describeRung } from './domain/ladder.ts';

export function roundStarted(log: Log, attempt: Attempt, closedBy: string): void {
  log.info('a round begins', { ...fieldsOf(attempt), closedBy });
}

export function roundCommitted(
  log: Log,
  attempt: Attempt,
  metrics: RoundMetrics,
  backend: string,
): void {
  const fields = { ...fieldsOf(attempt), ...metrics, backend };
  log.info('a round is committed and goes to the gate', fields);
}

/** The position was taken by another owner: what was computed is dropped. */
export function roundOvertaken(log: Log, model: string, attempt: Attempt): void {
  count('lethe.round.overtaken', { model });
  log.warn(
    'another owner committed this position first; the lineage is read again',
    fieldsOf(attempt),
  );
}

/** Its partition was lost, or this process ends: what was computed is dropped, somebody begins anew. */
export function roundCutOff(log: Log, attempt: Attempt, seconds: number): void {
  log.info('a round is cut off', { ...fieldsOf(attempt), seconds });
}

/** Nothing to judge came out: the requests climb one rung without leaving a manifest. */
export function rungFailed(log: Log, model: string, attempt: Attempt, reason: string): void {
  count('lethe.ladder.failed_steps', { model });
  log.warn('a step of the ladder failed, the next one follows', { ...fieldsOf(attempt), reason });
}

/** Loud: the legal clock of these requests runs on, and only people can help. */
export function escalated(
  log: Log,
  model: string,
  escalation: {
    sequence: number;
    requests: readonly DeletionRequested[];
    reason: string;
    attempts: readonly number[];
  },
): void {
  const { sequence, requests, reason, attempts } = escalation;
  count('lethe.escalations', { model }, requests.length);
  const fields = { sequence, requestCount: requests.length, reason, attempts };
  log.error('requests are escalated: the model must be retrained without their samples', {
    ...fields,
    alert: 'escalated',
  });
  for (const { requestId, traceparent } of requests) {
    if (traceparent === '') continue;
    const span = beginSpan('escalate', {
      parent: { traceparent },
      attributes: {
        'lethe.request_id': requestId,
        'lethe.model': model,
        'lethe.sequence': sequence,
      },
    });
    span.event('escalated', { reason });
    span.end();
  }
}

/** Requests that want what was done already; the end of each in its own trace. */
export function duplicatesEnded(
  log: Log,
  model: string,
  ended: { sequence: number; requests: readonly DeletionRequested[]; nowMs: number },
): void {
  const { sequence, requests, nowMs } = ended;
  log.info('requests end as duplicates', { model, sequence, requestCount: requests.length });
  const state = requestStateToJSON(RequestState.REQUEST_STATE_DUPLICATE);
  for (const { acceptedTime, requestId, traceparent } of requests) {
    const seconds = Math.max(0, nowMs - (acceptedTime?.getTime() ?? nowMs)) / 1000;
    measure('lethe.request.duration', seconds, { state });
    if (traceparent === '') continue;
    tellSpan('complete', {
      parent: { traceparent },
      attributes: {
        'lethe.request_id': requestId,
        'lethe.model': model,
        'lethe.sequence': sequence,
        'lethe.request_state': state,
      },
    });
  }
}

/** @param model `*` for all models of a partition */
export function blocked(log: Log, model: string, error: Error, retryInMs: number): void {
  const { code } = LetheError.from(error);
  count('lethe.models.blocked', { model, reason: code });
  addSpanEvent('blocked', { reason: code });
  log.error('the model waits for trouble to end', { error, retryInMs });
}

/** A dead-lettered deletion request still has a legal clock. */
export function deadLettered(log: Log, at: HandledRecord, reason: string, system?: string): void {
  const destination = topics.deletionRequested.name;
  const { name, ...options } = recordSpan(at, system);
  const span = beginSpan(name, options);
  span.event('dead letter', { reason });
  span.end();
  count('lethe.dead_letters', { 'messaging.destination.name': destination, stage: 'unlearner' });
  log.error('a deletion request cannot be served and goes to the dead letters', {
    partition: at.partition,
    offset: String(at.offset),
    reason,
    alert: 'dead_letter',
  });
}

function fieldsOf(attempt: Attempt): Record<string, unknown> {
  return {
    sequence: attempt.sequence,
    ladderStep: attempt.ladderStep,
    rung: describeRung(attempt.rung),
    requestCount: attempt.parts.length,
    sampleCount: sampleCount(attempt),
  };
}
