import type { OutgoingRecord } from '@lethe/bus';
import {
  DeadlineExtension,
  DeletionStatus,
  decodeRecord,
  type ExtendDeadlineRequest,
  type ExtendDeadlineResponse,
  encodeRecord,
  LetheError,
  RequestState,
  topics,
} from '@lethe/contracts';
import type { LineageStore } from '@lethe/lineage';
import { type Clock, encodeEvent, extendedDeadline, type LegalClocks } from '@lethe/service-kit';
import { putOnce } from '@lethe/store';
import type { Recorder } from '../evidence/recorder.ts';
import { requireReason } from '../release/require-reason.ts';
import type { ProjectedRequest } from './projected-request.ts';
import { isEnd } from './request-progress.ts';

export interface ExtensionDeps {
  readonly lineage: LineageStore;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly legalClocks: LegalClocks;
  readonly publish: (records: readonly OutgoingRecord[]) => Promise<void>;
}

const dayMs = 24 * 3_600_000;

/**
 * Extends a request's legal deadline by what its law allows, once, with notice, before it has passed.
 * The same again gives the same deadline.
 *
 * @throws LetheError `precondition` saying why it cannot be extended; `invalid` naming the field
 */
export async function extendDeadline(
  deps: ExtensionDeps,
  found: ProjectedRequest,
  request: ExtendDeadlineRequest,
  actor: string,
): Promise<ExtendDeadlineResponse> {
  const { current, deadline, isExtended } = found;
  const { requestId, emitter, modelKey, submittedTime, regulation } = current;
  const key = `requests/extensions/${emitter}/${requestId}.json`;
  const known = await deps.lineage.store.get(key);
  if (known !== undefined)
    return tell(deps, current, decodeRecord(DeadlineExtension, known.bytes, key));
  const now = deps.clock.now();
  const refuse = (why: string) =>
    new LetheError(
      'precondition',
      `the deadline of request ${requestId} cannot be extended: ${why}`,
    );
  if (isEnd(current.state)) throw refuse('the request has ended');
  if (isExtended) throw refuse('it was extended before, and that is allowed once');
  if (deadline === undefined || submittedTime === undefined) throw refuse('it has none');
  if (now > deadline) throw refuse(`it passed at ${deadline.toISOString()}`);
  const { noticeTime } = request;
  if (noticeTime === undefined || noticeTime > now) {
    const remedy = 'Tell the person first, then say when that was.';
    throw LetheError.invalid('notice_time', noticeTime ?? '', 'is not a time past', remedy);
  }
  // A notice is often known by its day alone, which anywhere began a day ago at most.
  if (noticeTime.getTime() + dayMs < submittedTime.getTime()) {
    const what = `is before the request, which was made at ${submittedTime.toISOString()}`;
    throw LetheError.invalid('notice_time', noticeTime.toISOString(), what, 'Check the year.');
  }
  const extended = extendedDeadline(regulation, submittedTime, deps.legalClocks);
  if (extended <= deadline) throw refuse('its law gives no more time');
  const extension: DeadlineExtension = {
    requestId,
    emitter,
    modelKey,
    reason: requireReason(request.reason),
    actor,
    noticeTime,
    extendedTime: now,
    deadline: extended,
  };
  const bytes = encodeRecord(DeadlineExtension, extension);
  const { kind } = await putOnce(deps.lineage.store, key, bytes);
  if (kind === 'taken') throw refuse('somebody else did so at the same moment');
  return tell(deps, current, extension);
}

async function tell(
  { recorder, publish }: ExtensionDeps,
  current: DeletionStatus,
  extension: DeadlineExtension,
): Promise<ExtendDeadlineResponse> {
  const { modelKey, requestId, emitter } = current;
  const { reason, actor, deadline, extendedTime, noticeTime } = extension;
  await recorder.note([
    {
      id: `request_extended/${emitter}/${requestId}`,
      kind: 'request_extended',
      time: extendedTime ?? new Date(0),
      actor,
      modelKey,
      details: {
        request_id: requestId,
        reason,
        deadline: deadline?.toISOString() ?? '',
        notice_time: noticeTime?.toISOString() ?? '',
      },
    },
  ]);
  const status: DeletionStatus = {
    ...current,
    state: RequestState.REQUEST_STATE_EXTENDED,
    detail: `the deadline was extended: ${reason}`,
    time: extendedTime,
    deadline,
  };
  await publish([encodeEvent(topics.deletionStatus, modelKey, DeletionStatus, status)]);
  return { deadline };
}
