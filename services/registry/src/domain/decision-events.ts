import type { OutgoingRecord } from '@lethe/bus';
import {
  type Decision,
  DeletionStatus,
  ModelDecided,
  type RequestPart,
  RequestState,
  type Round,
  topics,
} from '@lethe/contracts';
import { encodeEvent } from '@lethe/service-kit';

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
  const ended = promoted ? round.parts.filter(({ last }) => last) : [];
  return [
    encodeEvent(topics.modelDecided, modelKey, ModelDecided, decided),
    ...ended.flatMap((part) => {
      const status = endOf(part, decision, round);
      return status === undefined
        ? []
        : [encodeEvent(topics.deletionStatus, modelKey, DeletionStatus, status)];
    }),
  ];
}

function endOf(part: RequestPart, decision: Decision, round: Round): DeletionStatus | undefined {
  const { request, rows } = part;
  if (request === undefined) return undefined;
  const sampleCount =
    request.scope?.$case === 'rows' ? request.scope.value.rows.length : rows.length;
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
  };
}
