/**
 * Serves an earlier version again.
 *
 * Order: pointer by compare-and-set (the commit point), a look whether the weights were purged
 * meanwhile (then the pointer goes back), audit entry, entry of the model's log. The
 * log takes an entry only when no round is in flight, so the last step may have to wait; candidates
 * made from the version that no longer serves are refused meanwhile.
 */
import type { OutgoingRecord } from '@lethe/bus';
import {
  LetheError,
  ModelDecided,
  parseModelKey,
  type RollbackProposal,
  type RollbackRequest,
  type RollbackResponse,
  type ServingPointer,
  topics,
} from '@lethe/contracts';
import {
  type LineageStore,
  type LostCoverage,
  lastRollback,
  lostCoverage,
  readLogEnd,
} from '@lethe/lineage';
import { type Clock, encodeEvent, type Log } from '@lethe/service-kit';
import type { ETag } from '@lethe/store';
import { pointerBack } from '../domain/make-decision.ts';
import type { Recorder } from '../evidence/recorder.ts';
import type { ServingBoard } from '../serving/serving-board.ts';
import { requireReason } from './require-reason.ts';
import { rollbackEntry } from './rollback-entry.ts';
import { RollbackProposals } from './rollback-proposals.ts';
import { isGone, rollbackTarget } from './rollback-target.ts';

/** Requests that one rollback may open again: its log entry holds them. */
const maxReopened = 10_000;

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

export class Rollbacks {
  readonly #deps: RollbackDeps;
  readonly #proposals: RollbackProposals;
  /** Models whose last rollback is not in their log yet. */
  readonly #pending = new Set<string>();
  /** Generations of rollbacks whose log entry is known to be written, by model. */
  readonly #recorded = new Map<string, number>();

  constructor(deps: RollbackDeps) {
    this.#deps = deps;
    this.#proposals = new RollbackProposals(deps);
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
    const target = await rollbackTarget(this.#deps, modelKey, wanted.sequence, pointer);
    const lost = await lostCoverage(lineage, modelKey, {
      head: pointer.sequence,
      target: wanted.sequence,
      maxReopened,
    });
    if (lost.completedCount > 0 && !wanted.override) {
      await recorder.note([this.#refused(wanted, actor, lost)]);
      throw new LetheError(
        'precondition',
        `version ${wanted.sequence} of ${modelKey} still remembers what ${lost.completedCount} completed requests asked to forget. Roll forward, or override with a reason: those requests are then open again`,
      );
    }
    if (fourEyes && request.approves === '') {
      const proposal = { ...wanted, expectedGeneration: pointer.generation };
      const proposalId = await this.#proposals.make(proposal, actor);
      return { serving: undefined, reopenedRequestCount: 0, proposalId };
    }
    const by = request.approves === '' ? actor : `${wanted.actor}+${actor}`;
    const next = pointerBack(
      target,
      pointer,
      { actor: by, reason: wanted.reason, override: lost.completedCount > 0 },
      clock.now(),
    );
    const moved = await lineage.moveServing(next, serving.etag);
    if (moved.kind === 'conflict') {
      throw new LetheError(
        'conflict',
        `what serves of ${modelKey} was moved at the same moment. Look again: lethe models ${modelKey}`,
      );
    }
    if (await isGone(lineage, modelKey, target)) await this.#undo(next, pointer, moved.etag);
    board.announce(modelKey);
    this.#pending.add(modelKey);
    this.#deps.log.warn('rolled back', { modelKey, from: pointer.sequence, to: next.sequence });
    await recorder.note(movedBack(next, pointer, lost));
    await this.record(modelKey).catch((error: unknown) =>
      this.#deps.log.warn('a rollback is not in the log of its model yet', { modelKey, error }),
    );
    return { serving: next, reopenedRequestCount: lost.reopened.length, proposalId: '' };
  }

  /** Puts back what served: the target was purged while the pointer was moved to it. */
  async #undo(next: ServingPointer, former: ServingPointer, etag: ETag): Promise<never> {
    const { lineage, board, recorder, clock } = this.#deps;
    const { modelKey, sequence } = next;
    const reason = `version ${sequence} was purged at the same moment`;
    const why = { actor: next.actor, reason, override: false };
    const again = pointerBack(former, next, why, clock.now());
    const { kind } = await lineage.moveServing(again, etag);
    board.announce(modelKey);
    this.#pending.add(modelKey);
    const nothing = { completedCount: 0, reopened: [] };
    await recorder.note([
      ...movedBack(next, former, nothing),
      ...(kind === 'moved' ? movedBack(again, next, nothing) : []),
    ]);
    throw new LetheError(
      'conflict',
      `${reason}, and cannot serve; version ${former.sequence} of ${modelKey} serves again. See lethe versions`,
    );
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
    const last = await lastRollback(lineage, modelKey, end);
    if ((last?.rollback.generation ?? 0) < pointer.generation) {
      if (end.inFlight !== undefined) return false;
      const manifest = await rollbackEntry(lineage, pointer, end.headSequence, end.nextSequence);
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

  async #wanted(request: RollbackRequest, actor: string): Promise<RollbackProposal> {
    if (request.approves !== '') return await this.#proposals.approved(request, actor);
    const { modelKey, sequence, expectedGeneration, override } = request;
    const time = this.#deps.clock.now();
    const reason = requireReason(request.reason);
    return { modelKey, sequence, expectedGeneration, reason, override, actor, time };
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
