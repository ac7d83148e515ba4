/** The records that a round or an escalation leaves behind, from plain values. */
import {
  canonicalJson,
  DeletionStatus,
  type Escalation,
  ModelCandidate,
  type OutboxMessage,
  type RequestPart,
  RequestState,
  type RoundManifest,
  type RoundMetrics,
  topics,
} from '@lethe/contracts';
import { sampleCountOf } from '@lethe/lineage';
import type { Setting } from './ladder.ts';
import type { FollowedUp } from './next-step.ts';
import type { PlannedPart } from './plan-round.ts';
import { roundModeOf } from './round-mode.ts';

/** Where in a model's log an attempt is written. */
export interface Position {
  readonly modelKey: string;
  readonly sequence: number;
  readonly parentSequence: number;
  readonly parentWeightsDigest: string;
  readonly time: Date;
  /** Trace context of the attempt, where it is traced. */
  readonly traceparent?: string | undefined;
}

export interface ComputedRound {
  readonly parts: readonly PlannedPart[];
  readonly weightsDigest: string;
  readonly stateDigest: string;
  readonly method: string;
  readonly ladderStep: number;
  readonly settings: Readonly<Record<string, Setting>>;
  readonly seed: number;
  readonly backend: string;
  readonly metrics: RoundMetrics;
  /** Of each stop set in force, by name. */
  readonly stopSetDigests: Readonly<Record<string, string>>;
}

/** @param round parts of one mode, at least one */
export function roundManifest(position: Position, round: ComputedRound): RoundManifest {
  const first = round.parts[0];
  if (first === undefined) throw new RangeError('a round without requests cannot be recorded');
  return {
    modelKey: position.modelKey,
    sequence: position.sequence,
    entry: {
      $case: 'round',
      value: {
        parentSequence: position.parentSequence,
        parentWeightsDigest: position.parentWeightsDigest,
        weightsDigest: round.weightsDigest,
        stateDigest: round.stateDigest,
        parts: round.parts.map(requestPart),
        mode: roundModeOf(first.pending.request),
        method: round.method,
        ladderStep: round.ladderStep,
        seed: round.seed,
        settingsJson: canonicalJson(round.settings),
        backend: round.backend,
        metrics: round.metrics,
        stopSetDigests: { ...round.stopSetDigests },
      },
    },
    createdTime: position.time,
    outbox: round.parts.map((part) =>
      statusMessage(position, part, RequestState.REQUEST_STATE_IN_ROUND, detailOf(position, part)),
    ),
    traceparent: position.traceparent ?? '',
  };
}

function detailOf({ sequence }: Position, part: PlannedPart): string {
  return part.last
    ? `Round ${sequence} is being judged.`
    : `Round ${sequence} holds ${part.rows.length} of its samples and is being judged; more rounds follow.`;
}

/** @param parts all that is left of each request that is given up */
export function escalationManifest(
  position: Position,
  parts: readonly PlannedPart[],
  attempts: readonly number[],
  reason: string,
): RoundManifest {
  const escalation: Escalation = {
    parentSequence: position.parentSequence,
    parts: parts.map(requestPart),
    attempts: [...attempts],
    reason,
  };
  return {
    modelKey: position.modelKey,
    sequence: position.sequence,
    entry: { $case: 'escalation', value: escalation },
    createdTime: position.time,
    outbox: parts.map((part) =>
      statusMessage(
        position,
        part,
        RequestState.REQUEST_STATE_ESCALATED,
        `The model must be retrained: ${reason}.`,
      ),
    ),
    traceparent: position.traceparent ?? '',
  };
}

/** Requests that want what was done: they end, each naming the one that it follows. */
export function duplicatesManifest(
  position: Position,
  requests: readonly FollowedUp[],
): RoundManifest {
  return {
    modelKey: position.modelKey,
    sequence: position.sequence,
    entry: {
      $case: 'duplicates',
      value: {
        parentSequence: position.parentSequence,
        requests: requests.map(({ pending: { request }, follows }) => ({
          request,
          followsRequestId: follows,
        })),
      },
    },
    createdTime: position.time,
    outbox: requests.map(({ pending, follows }) =>
      statusMessage(
        position,
        { pending, rows: pending.rows, last: true },
        RequestState.REQUEST_STATE_DUPLICATE,
        `Request ${follows} for the same was completed.`,
        follows,
      ),
    ),
    traceparent: position.traceparent ?? '',
  };
}

/**
 * The event that offers a round to the gate. It names the manifest by its digest, so it cannot
 * lie in the manifest's own outbox; it is a function of both, the same bytes whoever sends it.
 * `undefined` for an escalation.
 */
export function candidateMessage(
  manifest: RoundManifest,
  manifestDigest: string,
): OutboxMessage | undefined {
  if (manifest.entry?.$case !== 'round') return undefined;
  const candidate = ModelCandidate.fromPartial({
    modelKey: manifest.modelKey,
    sequence: manifest.sequence,
    manifestDigest,
    weightsDigest: manifest.entry.value.weightsDigest,
  });
  return {
    topic: topics.modelCandidate.name,
    key: manifest.modelKey,
    value: Buffer.from(ModelCandidate.encode(candidate).finish()),
    traceparent: manifest.traceparent,
  };
}

function requestPart({ pending, rows, last }: PlannedPart): RequestPart {
  return { request: pending.request, rows: [...rows], last };
}

function statusMessage(
  position: Position,
  part: PlannedPart,
  state: RequestState,
  detail: string,
  followsRequestId = '',
): OutboxMessage {
  const { request } = part.pending;
  const status = DeletionStatus.fromPartial({
    requestId: request.requestId,
    emitter: request.emitter,
    modelKey: request.modelKey,
    state,
    detail,
    time: position.time,
    sequence: position.sequence,
    submittedTime: request.submittedTime,
    deadline: request.deadline,
    sampleCount: sampleCountOf(request) ?? part.rows.length,
    regulation: request.regulation,
    parentRequestId: request.parentRequestId,
    followsRequestId,
  });
  return {
    topic: topics.deletionStatus.name,
    key: position.modelKey,
    value: Buffer.from(DeletionStatus.encode(status).finish()),
    traceparent: request.traceparent,
  };
}
