import type { OutgoingRecord } from '@lethe/bus';
import {
  DeletionStatus,
  LetheError,
  ModelDecided,
  RequestState,
  type RoundManifest,
  topics,
  type WithdrawRequestResponse,
} from '@lethe/contracts';
import { type LineageStore, progressOf, readLogEnd } from '@lethe/lineage';
import { type Clock, encodeEvent } from '@lethe/service-kit';
import type { Recorder } from '../evidence/recorder.ts';
import type { ProjectedRequest } from './projected-request.ts';

/** `cancelled` by the emitter, `denied` by an operator. */
export type WithdrawalKind = 'cancelled' | 'denied';

export interface WithdrawalDeps {
  readonly lineage: LineageStore;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly publish: (records: readonly OutgoingRecord[]) => Promise<void>;
}

const states = {
  cancelled: RequestState.REQUEST_STATE_CANCELLED,
  denied: RequestState.REQUEST_STATE_DENIED,
} as const;

/** Lost races for the next entry of a log after which the call is given up. */
const maxRaces = 8;

/**
 * Ends a request that must not be carried out, by an entry of the model's log: whether a round or
 * this was first has one answer. The same again is a success.
 *
 * @param request where the request stands, and what was said of it before
 * @throws LetheError `precondition` when it is completed or withdrawn otherwise; `unavailable` while
 *   a round is being judged
 */
export async function withdraw(
  deps: WithdrawalDeps,
  { current, history }: Pick<ProjectedRequest, 'current' | 'history'>,
  wanted: { kind: WithdrawalKind; reason: string; actor: string },
): Promise<WithdrawRequestResponse> {
  const { modelKey, emitter, requestId } = current;
  const state = states[wanted.kind];
  if (current.state === state) return { state, sequence: current.sequence };
  // No round was before it was taken in.
  const accepted = history.find((each) => each.state === RequestState.REQUEST_STATE_ACCEPTED)?.time;
  for (let race = 0; race < maxRaces; race++) {
    const end = await readLogEnd(deps.lineage, modelKey);
    const kind = await progressOf(deps.lineage, modelKey, end, current, accepted);
    const isEnded = kind === 'completed' || kind === 'withdrawn' || kind === 'duplicate';
    if (isEnded || isOver(current.state)) {
      throw new LetheError(
        'precondition',
        `request ${requestId} is ${kind === 'withdrawn' ? 'withdrawn' : 'carried out'} already. See: lethe status ${requestId} --emitter ${emitter}`,
      );
    }
    if (end.inFlight !== undefined) {
      throw new LetheError(
        'unavailable',
        `round ${end.inFlight} of ${modelKey} is being judged. Ask again in a moment`,
      );
    }
    const manifest = entryOf(current, wanted, {
      sequence: end.nextSequence,
      parentSequence: end.headSequence,
      time: deps.clock.now(),
    });
    const put = await deps.lineage.commitManifest(manifest);
    if (put.kind === 'taken') continue;
    await tell(deps, manifest, put.digest, wanted);
    return { state, sequence: manifest.sequence };
  }
  throw new LetheError('unavailable', `the log of ${modelKey} grows all the time. Ask again`);
}

function isOver(state: RequestState): boolean {
  return (
    state === RequestState.REQUEST_STATE_NO_MATCH ||
    state === RequestState.REQUEST_STATE_DUPLICATE ||
    state === RequestState.REQUEST_STATE_REMOVED_FROM_EVALUATION
  );
}

function entryOf(
  current: DeletionStatus,
  { kind, reason, actor }: { kind: WithdrawalKind; reason: string; actor: string },
  place: { sequence: number; parentSequence: number; time: Date },
): RoundManifest {
  const { modelKey, emitter, requestId } = current;
  const { sequence, parentSequence, time } = place;
  const status: DeletionStatus = {
    ...current,
    state: states[kind],
    detail: `${kind}: ${reason}`,
    time,
    sequence,
  };
  return {
    modelKey,
    sequence,
    createdTime: time,
    traceparent: '',
    entry: {
      $case: 'withdrawal',
      value: { parentSequence, emitter, requestId, kind, reason, actor },
    },
    outbox: [
      {
        topic: topics.deletionStatus.name,
        key: modelKey,
        value: Buffer.from(DeletionStatus.encode(status).finish()),
        traceparent: '',
      },
    ],
  };
}

async function tell(
  { recorder, publish }: WithdrawalDeps,
  manifest: RoundManifest,
  digest: string,
  { kind, reason, actor }: { kind: WithdrawalKind; reason: string; actor: string },
): Promise<void> {
  const { modelKey, sequence, createdTime, entry } = manifest;
  const requestId = entry?.$case === 'withdrawal' ? entry.value.requestId : '';
  await recorder.note([
    {
      id: `${kind}/${modelKey}/${sequence}`,
      kind: kind === 'cancelled' ? 'request_cancelled' : 'request_denied',
      time: createdTime ?? new Date(0),
      actor,
      modelKey,
      details: { request_id: requestId, sequence, reason, manifest_digest: digest },
    },
  ]);
  // The unlearner takes this as a hint to look at the log.
  const hint = ModelDecided.fromPartial({ modelKey, sequence, manifestDigest: digest });
  await publish([
    ...manifest.outbox.map(({ topic, key, value }) => ({ topic, key, value })),
    encodeEvent(topics.modelDecided, modelKey, ModelDecided, hint),
  ]);
}
