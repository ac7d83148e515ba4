/** A request over several models: one child for each, taken in together or not at all. */
import { createHash } from 'node:crypto';
import type { OutgoingRecord } from '@lethe/bus';
import {
  DeletionStatus,
  LetheError,
  type ModelKey,
  type RequestId,
  RequestState,
  severalModels,
  topics,
} from '@lethe/contracts';
import { encodeEvent, legalDeadline, traceHeaders } from '@lethe/service-kit';
import { type Acceptance, type AcceptContext, acceptRequest } from './accept-request.ts';
import { limits } from './limits.ts';
import type { ParsedRequest } from './parse-request.ts';
import { requestDigest } from './request-digest.ts';
import { type IntakeModel, resolveRequest } from './resolve-request.ts';

/**
 * Everything that follows from taking in a request over several models. The same request over the
 * same models gives the same children, under the same ids.
 *
 * @param models at least one, ascending by key
 * @throws LetheError of the first model that cannot serve it, naming the model; `capacity` for too
 *   many models or rows
 */
export function acceptFanOut(
  parsed: ParsedRequest,
  models: readonly IntakeModel[],
  given: Omit<AcceptContext, 'registration' | 'parentRequestId'>,
): Acceptance {
  const { requestId, emitter, regulation } = parsed;
  const { now, legalClocks, secret, traceparent } = given;
  requireFewModels(models.length);
  const children = models.map((model) => acceptChild(parsed, model, given));
  const sampleCount = children.reduce((sum, { receipt }) => sum + receipt.sampleCount, 0);
  if (sampleCount > limits.resolvedRows) {
    throw new LetheError(
      'capacity',
      `the subject owns ${sampleCount} samples in these ${models.length} models, and a request may name ${limits.resolvedRows}. Send a request for each model`,
    );
  }
  const state = stateOf(children);
  const submittedTime = parsed.submittedTime ?? now;
  const deadline = legalDeadline(regulation, submittedTime, legalClocks);
  const named = { requestId, emitter, modelKey: severalModels };
  const status = DeletionStatus.fromPartial({
    ...named,
    state,
    detail:
      state === RequestState.REQUEST_STATE_ACCEPTED
        ? `taken in for ${models.length} models`
        : `nothing of the scope was ever trained on, in ${models.length} models`,
    time: now,
    submittedTime,
    deadline,
    sampleCount,
    regulation,
    modelCount: models.length,
  });
  const records: OutgoingRecord[] = [
    encodeEvent(
      topics.deletionStatus,
      severalModels,
      DeletionStatus,
      status,
      traceHeaders(traceparent),
    ),
    ...children.flatMap((child) => child.records),
  ];
  const digest = requestDigest(parsed, secret);
  return {
    emitter,
    requestId,
    requestDigest: digest,
    receipt: {
      ...named,
      state,
      requestDigest: digest,
      trainingManifestDigest: '',
      sampleCount,
      acceptedTime: now,
      deadline,
      signedReceipt: '',
      evaluationSampleCount: children.reduce(
        (sum, { receipt }) => sum + receipt.evaluationSampleCount,
        0,
      ),
      models: children.map(({ receipt }) => receipt),
      parentRequestId: '',
    },
    exclusions: children.flatMap((child) => child.exclusions),
    records,
  };
}

/** Accepted where one of the models has something to forget. */
function stateOf(children: readonly Acceptance[]): RequestState {
  const states = new Set(children.map(({ receipt }) => receipt.state));
  const first = [
    RequestState.REQUEST_STATE_ACCEPTED,
    RequestState.REQUEST_STATE_REMOVED_FROM_EVALUATION,
  ].find((state) => states.has(state));
  return first ?? RequestState.REQUEST_STATE_NO_MATCH;
}

/** @throws LetheError `capacity` */
export function requireFewModels(count: number): void {
  if (count <= limits.models) return;
  throw new LetheError(
    'capacity',
    `the request is over ${count} models, and may be over ${limits.models}. Send several requests with model_keys, each with its own request id`,
  );
}

function acceptChild(
  parent: ParsedRequest,
  model: IntakeModel,
  given: Omit<AcceptContext, 'registration' | 'parentRequestId'>,
): Acceptance {
  const modelKey = model.registration.modelKey as ModelKey;
  const requestId = childId(parent.requestId, modelKey);
  const parsed: ParsedRequest = { ...parent, requestId, models: { kind: 'one', modelKey } };
  try {
    return acceptRequest(resolveRequest(parsed, model), {
      ...given,
      registration: model.registration,
      parentRequestId: parent.requestId,
    });
  } catch (thrown) {
    const { code, message, violations } = LetheError.from(thrown);
    throw new LetheError(code, `for model ${modelKey}: ${message}`, { violations });
  }
}

/** Name-based UUID (RFC 9562, version 5) of a model within its parent request. */
export function childId(parent: RequestId, modelKey: ModelKey): RequestId {
  const bytes = createHash('sha1')
    .update(Buffer.from(parent.replaceAll('-', ''), 'hex'))
    .update(modelKey)
    .digest()
    .subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-') as RequestId;
}
