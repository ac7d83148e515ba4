import type { OutgoingRecord } from '@lethe/bus';
import {
  DeletionRequested,
  DeletionStatus,
  type Digest,
  type EvaluationExclusion,
  type ModelRegistration,
  type Receipt,
  RequestState,
  topics,
} from '@lethe/contracts';
import { encodeEvent, type LegalClocks, legalDeadline, traceHeaders } from '@lethe/service-kit';
import { requestDigest } from './request-digest.ts';
import type { ResolvedRequest, ResolvedScope } from './resolve-request.ts';

/** Everything that follows from taking a request in; nothing of it has happened yet. */
export interface Acceptance {
  readonly emitter: string;
  readonly requestId: string;
  readonly requestDigest: Digest;
  readonly receipt: Receipt;
  /** Samples of evaluation sets that it takes out; recorded before the request is. */
  readonly exclusions: readonly EvaluationExclusion[];
  /** To be published, in this order. */
  readonly records: readonly OutgoingRecord[];
  /** Record of the intake topic that it came in, whose transaction carries `records`. */
  readonly origin?: string;
}

export interface AcceptContext {
  readonly registration: Pick<
    ModelRegistration,
    'trainingManifestDigest' | 'evaluationIndexDigest'
  >;
  /** Keys the request's digest. */
  readonly secret: Uint8Array;
  readonly legalClocks: LegalClocks;
  readonly now: Date;
  /** Trace context that the request goes on in, through every service. */
  readonly traceparent?: string | undefined;
  /** The request over several models that it is part of. */
  readonly parentRequestId?: string;
}

/** @param resolved of one model */
export function acceptRequest(
  { parsed, modelKey, mode, scope, evaluationRows }: ResolvedRequest,
  { registration, secret, legalClocks, now, traceparent, parentRequestId = '' }: AcceptContext,
): Acceptance {
  const { requestId, emitter, regulation } = parsed;
  const submittedTime = parsed.submittedTime ?? now;
  const deadline = legalDeadline(regulation, submittedTime, legalClocks);
  const digest = requestDigest(parsed, secret);
  const { trainingManifestDigest, evaluationIndexDigest } = registration;
  const isMatch = scope.kind !== 'no-match';
  const sampleCount = countSamples(scope);
  const state = stateOf(isMatch, evaluationRows.length);
  const named = { requestId, emitter, modelKey };
  const status: DeletionStatus = {
    ...named,
    state,
    detail: detailOf(isMatch, evaluationRows.length),
    time: now,
    sequence: 0,
    submittedTime,
    deadline,
    sampleCount,
    regulation,
    parentRequestId,
    modelCount: 0,
    clockPercent: 0,
    followsRequestId: '',
  };
  const headers = traceHeaders(traceparent);
  const records = [encodeEvent(topics.deletionStatus, modelKey, DeletionStatus, status, headers)];
  if (isMatch) {
    const event: DeletionRequested = {
      ...named,
      requestDigest: digest,
      trainingManifestDigest,
      scope: eventScope(scope),
      mode,
      relabelTo: parsed.relabelTo,
      regulation,
      submittedTime,
      acceptedTime: now,
      deadline,
      traceparent: traceparent ?? '',
      parentRequestId,
      sampleCount,
    };
    records.push(
      encodeEvent(topics.deletionRequested, modelKey, DeletionRequested, event, headers),
    );
  }
  return {
    emitter,
    requestId,
    requestDigest: digest,
    receipt: {
      ...named,
      state,
      requestDigest: digest,
      trainingManifestDigest,
      sampleCount,
      acceptedTime: now,
      deadline,
      signedReceipt: '',
      evaluationSampleCount: evaluationRows.length,
      models: [],
      parentRequestId,
    },
    exclusions:
      evaluationRows.length === 0
        ? []
        : [
            {
              modelKey,
              requestDigest: digest,
              evaluationIndexDigest,
              rows: [...evaluationRows],
              excludedTime: now,
            },
          ],
    records,
  };
}

function stateOf(isMatch: boolean, evaluationSamples: number): RequestState {
  if (isMatch) return RequestState.REQUEST_STATE_ACCEPTED;
  return evaluationSamples > 0
    ? RequestState.REQUEST_STATE_REMOVED_FROM_EVALUATION
    : RequestState.REQUEST_STATE_NO_MATCH;
}

function detailOf(isMatch: boolean, evaluationSamples: number): string {
  const first = isMatch ? 'taken in' : 'nothing of the scope was ever trained on';
  return evaluationSamples === 0
    ? first
    : `${first}; ${evaluationSamples} samples of evaluation sets neither steer nor judge any more`;
}

function eventScope(
  scope: Exclude<ResolvedScope, { kind: 'no-match' }>,
): DeletionRequested['scope'] {
  if (scope.kind === 'class') return { $case: 'classLabel', value: scope.label };
  return { $case: 'rows', value: { rows: Array.from(scope.rows) } };
}

function countSamples(scope: ResolvedScope): number {
  switch (scope.kind) {
    case 'rows':
      return scope.rows.length;
    case 'class':
      return scope.sampleCount;
    case 'no-match':
      return 0;
    default:
      return scope satisfies never;
  }
}
