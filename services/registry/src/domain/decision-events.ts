import type { OutgoingRecord } from '@lethe/bus';
import {
  type Decision,
  type DeletionRequested,
  DeletionStatus,
  ModelDecided,
  RequestState,
  type Round,
  topics,
} from '@lethe/contracts';
import { sampleCountOf } from '@lethe/lineage';
import { encodeEvent, traceHeaders } from '@lethe/service-kit';

/**
 * What a decision tells the world; a function of stored records, so that telling it again gives
 * the same bytes. Requests end only with a promotion (P3), and with the round of their last row.
 */
export function decisionEvents(
  decision: Decision,
  decisionDigest: string,
  round: Round,
): OutgoingRecord[] {
  const { modelKey, sequence, manifestDigest, promoted } = decision;
  const decided: ModelDecided = { modelKey, sequence, manifestDigest, decisionDigest, promoted };
  return [
    encodeEvent(topics.modelDecided, modelKey, ModelDecided, decided),
    ...endsOf(decision, round).map(({ request, status }) => {
      const headers = traceHeaders(request.traceparent);
      return encodeEvent(topics.deletionStatus, modelKey, DeletionStatus, status, headers);
    }),
  ];
}

/** A request that a decision ended. */
export interface RequestEnd {
  readonly request: DeletionRequested;
  readonly status: DeletionStatus;
}

/** Requests whose last part was in a round that was promoted, and how they ended. */
export function endsOf(decision: Decision, round: Round): RequestEnd[] {
  if (!decision.promoted) return [];
  return round.parts.flatMap(({ request, rows, last }) =>
    request === undefined || !last
      ? []
      : [{ request, status: endOf(request, rows, decision, round) }],
  );
}

function endOf(
  request: DeletionRequested,
  rows: readonly number[],
  decision: Decision,
  round: Round,
): DeletionStatus {
  const sampleCount = sampleCountOf(request) ?? rows.length;
  // Of a request that was split, earlier rounds did forget something.
  const isWhole = rows.length === sampleCount;
  const wasForgotten = isWhole && round.metrics?.outcome === 'already_forgotten';
  return {
    requestId: request.requestId,
    emitter: request.emitter,
    modelKey: decision.modelKey,
    state: wasForgotten
      ? RequestState.REQUEST_STATE_ALREADY_FORGOTTEN
      : RequestState.REQUEST_STATE_COMPLETED,
    detail: wasForgotten
      ? `the model met the goal before round ${decision.sequence}`
      : `forgotten by round ${decision.sequence}, which serves`,
    time: decision.decidedTime,
    sequence: decision.sequence,
    submittedTime: request.submittedTime,
    deadline: request.deadline,
    sampleCount,
    regulation: request.regulation,
    parentRequestId: request.parentRequestId,
    modelCount: 0,
    clockPercent: 0,
    followsRequestId: '',
  };
}
