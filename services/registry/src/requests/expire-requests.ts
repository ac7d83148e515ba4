import type { OutgoingRecord } from '@lethe/bus';
import { DeletionStatus, RequestState, topics } from '@lethe/contracts';
import { type Clock, encodeEvent, type Log } from '@lethe/service-kit';
import type { Recorder } from '../evidence/recorder.ts';
import type { RequestProjection } from './request-projection.ts';

export interface ExpireDeps {
  readonly projection: RequestProjection;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly log: Log;
  readonly publish: (records: readonly OutgoingRecord[]) => Promise<void>;
}

const atOnce = 500;

/** Says aloud of each request whose deadline has passed that it has; it is carried out all the same. */
export async function expireRequests(deps: ExpireDeps): Promise<number> {
  const now = deps.clock.now();
  const due = deps.projection.overdue(now, atOnce);
  if (due.length === 0) return 0;
  await deps.recorder.note(
    due.map(({ current, deadline }) => ({
      id: `request_expired/${current.emitter}/${current.requestId}/${deadline?.getTime()}`,
      kind: 'request_expired' as const,
      time: now,
      actor: 'registry',
      modelKey: current.modelKey,
      details: { request_id: current.requestId, deadline: deadline?.toISOString() ?? '' },
    })),
  );
  deps.log.error('requests are past their legal deadline', {
    alert: 'deadline_passed',
    count: due.length,
  });
  const statuses = due.map(
    ({ current, deadline }): DeletionStatus => ({
      ...current,
      state: RequestState.REQUEST_STATE_EXPIRED,
      detail: `its deadline passed at ${deadline?.toISOString()}; it is still carried out`,
      time: now,
    }),
  );
  await deps.publish(
    statuses.map((status) =>
      encodeEvent(topics.deletionStatus, status.modelKey, DeletionStatus, status),
    ),
  );
  // Not only when it comes back by the topic: until then it would be told again and again.
  deps.projection.apply(statuses);
  return due.length;
}
