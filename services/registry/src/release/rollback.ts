/**
 * Serves an earlier version again.
 *
 * Order: pointer by compare-and-set (the commit point), audit entry, entry of the model's log. The
 * log takes an entry only when no round is in flight, so the last step may have to wait; candidates
 * made from the version that no longer serves are refused meanwhile.
 */
import type { OutgoingRecord } from '@lethe/bus';
import {
  DeletionStatus,
  type Digest,
  decodeRecord,
  encodeRecord,
  LetheError,
  ModelDecided,
  parseModelKey,
  RequestState,
  RollbackProposal,
  type RollbackRequest,
  type RollbackResponse,
  type RoundManifest,
  type ServingPointer,
  sha256,
  topics,
} from '@lethe/contracts';
import {
  type LineageStore,
  type LostCoverage,
  lastRollbackGeneration,
  lostCoverage,
  proposalKey,
  readLogEnd,
} from '@lethe/lineage';
import { type Clock, encodeEvent, type Log } from '@lethe/service-kit';
import { putOnce } from '@lethe/store';
import { pointerBack } from '../domain/make-decision.ts';
import type { Recorder } from '../evidence/recorder.ts';
import type { ServingBoard } from '../serving/serving-board.ts';
import { isQuarantined } from './quarantine.ts';

export interface RollbackDeps {
  readonly lineage: LineageStore;
  readonly board: ServingBoard;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly log: Log;
  /** Two people are needed. */
  readonly fourEyes: boolean;
  readonly publish: (records: readonly OutgoingRecord[]) => Promise<void>;
}

type Target = Parameters<typeof pointerBack>[0];

const maxReasonCharacters = 500;
/** A proposal that nobody approves within this time is void. */
export const proposalLifeMs = 24 * 60 * 60 * 1000;

export class Rollbacks {
  readonly #deps: RollbackDeps;
  /** Models whose last rollback is not in their log yet. */
  readonly #pending = new Set<string>();
  /** Generations of rollbacks whose log entry is known to be written, by model. */
  readonly #recorded = new Map<string, number>();

  constructor(deps: RollbackDeps) {
    this.#deps = deps;
  }

  /**
   * @throws LetheError `precondition` when the target covers less, is purged or in quarantine;
   *   `conflict` when the pointer moved meanwhile
   */
  async rollBack(request: RollbackRequest, actor: string): Promise<RollbackResponse> {
    const modelKey = parseModelKey(request.modelKey);
    const wanted = await this.#wanted(request, actor);
    const { lineage, board, recorder, clock, fourEyes } = this.#deps;
    const serving = await board.current(modelKey);
    const { pointer } = serving;
    if (wanted.expectedGeneration !== 0 && wanted.expectedGeneration !== pointer.generation) {
      throw new LetheError(
        'conflict',
        `generation ${pointer.generation} of ${modelKey} serves by now, not ${wanted.expectedGeneration}. Look again: lethe models ${modelKey}`,
      );
    }
    const target = await this.#target(modelKey, wanted.sequence, pointer);
    const lost = await lostCoverage(lineage, modelKey, pointer.sequence, wanted.sequence);
    if (lost.completedCount > 0 && !wanted.override) {
      await recorder.note([this.#refused(wanted, actor, lost)]);
      throw new LetheError(
        'precondition',
        `version ${wanted.sequence} of ${modelKey} still remembers what ${lost.completedCount} completed requests asked to forget. Roll forward, or override with a reason: those requests are then open again`,
      );
    }
    if (fourEyes && request.approves === '') {
      return await this.#propose({ ...wanted, expectedGeneration: pointer.generation }, actor);
    }
    const by = request.approves === '' ? actor : `${wanted.actor}+${actor}`;
    const next = pointerBack(
      target,
      pointer,
      { actor: by, reason: wanted.reason, override: lost.completedCount > 0 },
      clock.now(),
    );
    if ((await lineage.moveServing(next, serving.etag)).kind === 'conflict') {
      throw new LetheError(
        'conflict',
        `what serves of ${modelKey} was moved at the same moment. Look again: lethe models ${modelKey}`,
      );
    }
    board.announce(modelKey);
    this.#pending.add(modelKey);
    this.#deps.log.warn('rolled back', { modelKey, from: pointer.sequence, to: next.sequence });
    await recorder.note(movedBack(next, pointer, lost));
    await this.record(modelKey).catch((error: unknown) =>
      this.#deps.log.warn('a rollback is not in the log of its model yet', { modelKey, error }),
    );
    return { serving: next, reopenedRequestCount: lost.reopened.length, proposalId: '' };
  }

  /** Writes down what could not be before: see {@link record}. */
  async recordPending(): Promise<void> {
    for (const modelKey of this.#pending) await this.record(modelKey);
  }

  /**
   * Writes the last rollback into the model's log, unless that was done; `false` while a round is
   * in flight. May be repeated by anybody at any time.
   */
  async record(modelKey: string): Promise<boolean> {
    const { lineage, board } = this.#deps;
    const { pointer } = await board.current(modelKey);
    const isRecorded = (this.#recorded.get(modelKey) ?? 0) >= pointer.generation;
    if (pointer.move !== 'rollback' || isRecorded) {
      this.#pending.delete(modelKey);
      return true;
    }
    this.#pending.add(modelKey);
    const end = await readLogEnd(lineage, modelKey);
    if ((await lastRollbackGeneration(lineage, modelKey, end)) < pointer.generation) {
      if (end.inFlight !== undefined) return false;
      const manifest = await this.#entry(pointer, end.headSequence, end.nextSequence);
      const put = await lineage.commitManifest(manifest);
      if (put.kind === 'taken') return false;
      const decided = ModelDecided.fromPartial({
        modelKey,
        sequence: manifest.sequence,
        manifestDigest: put.digest,
        decisionDigest: put.digest,
      });
      await this.#deps.publish([
        ...manifest.outbox.map(({ topic, key, value }) => ({ topic, key, value })),
        encodeEvent(topics.modelDecided, modelKey, ModelDecided, decided),
      ]);
      this.#deps.log.info('a rollback is in the log', { modelKey, sequence: manifest.sequence });
    }
    this.#recorded.set(modelKey, pointer.generation);
    this.#pending.delete(modelKey);
    return true;
  }

  async #entry(pointer: ServingPointer, head: number, sequence: number): Promise<RoundManifest> {
    const { lineage } = this.#deps;
    const { modelKey } = pointer;
    const { reopened } = await lostCoverage(lineage, modelKey, head, pointer.sequence);
    const target = await lineage.manifest(modelKey, pointer.sequence);
    const round = target?.record.entry?.$case === 'round' ? target.record.entry.value : undefined;
    const time = pointer.promotedTime;
    return {
      modelKey,
      sequence,
      createdTime: time,
      traceparent: '',
      entry: {
        $case: 'rollback',
        value: {
          parentSequence: head,
          targetSequence: pointer.sequence,
          targetWeightsDigest: pointer.weightsDigest,
          targetStateDigest: round?.stateDigest ?? '',
          targetManifestDigest: target?.digest ?? '',
          generation: pointer.generation,
          reason: pointer.reason,
          actor: pointer.actor,
          reopened: [...reopened],
        },
      },
      outbox: reopened.flatMap(({ request }) => {
        if (request === undefined) return [];
        const status = DeletionStatus.fromPartial({
          requestId: request.requestId,
          emitter: request.emitter,
          modelKey,
          state: RequestState.REQUEST_STATE_REOPENED,
          detail: `version ${pointer.sequence}, which has not forgotten it, serves again`,
          sequence,
          ...(time === undefined ? {} : { time }),
          ...(request.submittedTime === undefined ? {} : { submittedTime: request.submittedTime }),
          ...(request.deadline === undefined ? {} : { deadline: request.deadline }),
          sampleCount: request.scope?.$case === 'rows' ? request.scope.value.rows.length : 0,
        });
        const value = Buffer.from(DeletionStatus.encode(status).finish());
        const { traceparent } = request;
        return [{ topic: topics.deletionStatus.name, key: modelKey, value, traceparent }];
      }),
    };
  }

  async #wanted(request: RollbackRequest, actor: string): Promise<RollbackProposal> {
    if (request.approves === '') {
      const { modelKey, sequence, expectedGeneration, override } = request;
      const time = this.#deps.clock.now();
      const reason = requireReason(request.reason);
      return { modelKey, sequence, expectedGeneration, reason, override, actor, time };
    }
    const key = proposalKey(request.modelKey, request.approves);
    const stored = /^[0-9a-f]{64}$/.test(request.approves)
      ? await this.#deps.lineage.store.get(key)
      : undefined;
    if (stored === undefined) {
      throw new LetheError('not_found', `there is no proposal ${request.approves} to approve`);
    }
    const proposal = decodeRecord(RollbackProposal, stored.bytes, key);
    if (proposal.actor === actor) {
      throw new LetheError(
        'precondition',
        `${actor} made the proposal: somebody else has to approve`,
      );
    }
    const ageMs = this.#deps.clock.now().getTime() - (proposal.time?.getTime() ?? 0);
    if (ageMs > proposalLifeMs) {
      throw new LetheError('precondition', 'the proposal is older than a day. Make a new one');
    }
    return proposal;
  }

  async #propose(wanted: RollbackProposal, actor: string): Promise<RollbackResponse> {
    const bytes = encodeRecord(RollbackProposal, wanted);
    const id: Digest = sha256(bytes);
    await putOnce(this.#deps.lineage.store, proposalKey(wanted.modelKey, id), bytes);
    await this.#deps.recorder.note([
      {
        id: `proposal/${id}`,
        kind: 'approval',
        time: this.#deps.clock.now(),
        actor,
        modelKey: wanted.modelKey,
        details: { asked_for: 'rollback', sequence: wanted.sequence, proposal: id },
      },
    ]);
    return { serving: undefined, reopenedRequestCount: 0, proposalId: id };
  }

  /** @throws LetheError `precondition` naming why it cannot serve */
  async #target(modelKey: string, sequence: number, present: ServingPointer): Promise<Target> {
    const { lineage, board } = this.#deps;
    const refuse = (why: string) =>
      new LetheError(
        'precondition',
        `version ${sequence} of ${modelKey} ${why}. See lethe versions`,
      );
    if (sequence === present.sequence) throw refuse('serves already');
    const { topologyDigest, weightsDigest } = await board.registration(modelKey);
    let target: Target;
    if (sequence === 0) {
      target = { sequence, topologyDigest, weightsDigest, manifestDigest: '', verdictDigest: '' };
    } else {
      const manifest = await lineage.manifest(modelKey, sequence);
      if (manifest?.record.entry?.$case !== 'round') {
        throw new LetheError(
          'not_found',
          `${modelKey} has no version ${sequence}. See lethe versions`,
        );
      }
      const decision = await lineage.decision(modelKey, sequence);
      if (decision?.record.promoted !== true) throw refuse('was never promoted');
      target = {
        sequence,
        topologyDigest,
        weightsDigest: manifest.record.entry.value.weightsDigest,
        manifestDigest: manifest.digest,
        verdictDigest: decision.record.verdictDigest,
      };
    }
    if (await isQuarantined(lineage, modelKey, sequence)) throw refuse('is in quarantine');
    if (!(await lineage.blobs.has(target.weightsDigest as Digest))) {
      throw refuse('was purged: its weights are gone for good');
    }
    return target;
  }

  #refused(wanted: RollbackProposal, actor: string, lost: LostCoverage) {
    const time = this.#deps.clock.now();
    const { modelKey, sequence } = wanted;
    return {
      id: `rollback_refused/${modelKey}/${sequence}/${time.getTime()}/${actor}`,
      kind: 'refusal' as const,
      time,
      actor,
      modelKey,
      details: { asked_for: 'rollback', sequence, requests_uncovered: lost.completedCount },
    };
  }
}

function movedBack(next: ServingPointer, before: ServingPointer, lost: LostCoverage) {
  const { modelKey, generation, actor } = next;
  const time = next.promotedTime ?? new Date(0);
  const details = {
    from_sequence: before.sequence,
    to_sequence: next.sequence,
    weights_digest: next.weightsDigest,
    generation,
    reason: next.reason,
    requests_reopened: lost.reopened.length,
  };
  const event = (kind: 'rollback' | 'override') => ({
    id: `${kind}/${modelKey}/${generation}`,
    kind,
    time,
    actor,
    modelKey,
    details,
  });
  return next.override ? [event('override'), event('rollback')] : [event('rollback')];
}

export function requireReason(reason: string): string {
  const text = reason.trim();
  if (text !== '' && text.length <= maxReasonCharacters) return text;
  throw LetheError.invalid(
    'reason',
    reason,
    text === '' ? 'is missing' : `has more than ${maxReasonCharacters} characters`,
    'Say in one sentence why, without naming a person: it stays in the record.',
  );
}
