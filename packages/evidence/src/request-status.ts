import { type DeletionStatus, sha256 } from '@lethe/contracts';
import { stateWord } from './receipt.ts';
import { makeStatement, type Predicate, type Statement } from './statement.ts';
import { strictTime } from './strict-time.ts';

export interface RequestStatusPredicate extends Predicate {
  /** The same for every attempt to deliver this status. */
  readonly delivery_id: string;
  readonly request_id: string;
  readonly emitter: string;
  readonly model_key: string;
  readonly state: string;
  readonly detail: string;
  readonly sequence: number;
  readonly time: string;
  readonly deadline: string;
  readonly sample_count: number;
  /** Of a request over several models, whose `model_key` is `*`. */
  readonly model_count?: number;
  /** With state `due`. */
  readonly clock_percent?: number;
  /** With state `duplicate`. */
  readonly follows_request_id?: string;
}

/** Names a status: request, state and round. */
export function deliveryId(status: DeletionStatus): string {
  const { emitter, requestId, state, sequence, clockPercent, deadline } = status;
  // Alerts of one round, and of a deadline that was extended, are told apart.
  const alert = clockPercent === 0 ? '' : `/${clockPercent}/${deadline?.getTime()}`;
  return sha256(`${emitter}/${requestId}/${stateWord(state)}/${sequence}${alert}`);
}

/** What is sent to an emitter's callback. */
export function requestStatusStatement(
  status: DeletionStatus,
  issued: Date,
): Statement<RequestStatusPredicate> {
  const id = deliveryId(status);
  return makeStatement(
    'status',
    [{ name: `requests/${status.emitter}/${status.requestId}`, digest: { sha256: id } }],
    {
      issued_time: strictTime(issued),
      delivery_id: id,
      request_id: status.requestId,
      emitter: status.emitter,
      model_key: status.modelKey,
      state: stateWord(status.state),
      detail: status.detail.replaceAll('\n', ' ').slice(0, 500),
      sequence: status.sequence,
      time: strictTime(status.time ?? issued),
      deadline: strictTime(status.deadline ?? issued),
      sample_count: status.sampleCount,
      ...(status.modelCount > 0 ? { model_count: status.modelCount } : {}),
      ...(status.clockPercent > 0 ? { clock_percent: status.clockPercent } : {}),
      ...(status.followsRequestId !== '' ? { follows_request_id: status.followsRequestId } : {}),
    },
  );
}
