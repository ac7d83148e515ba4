/**
 * The rounds of one model, one after the other.
 *
 * Ownership: one actor per model and hand-over of its partition; it ends when the partition is
 * lost. Everything it knows it can read again: the lineage is the truth, and the bus holds what
 * is not in it yet.
 *
 * Invariants:
 * 1. One round in flight: nothing is computed while an attempt has no decision.
 * 2. The manifest is the commit point. What was computed and not committed never happened.
 * 3. The outbox of the last attempt is sent before anything else is done, by whoever finds it
 *    not sent: after a crash between manifest and transaction the partition's mark does not name
 *    the manifest, and its bytes go out. Each goes out in one transaction only.
 * 4. An offset is finished when the lineage names its request, never before.
 */
import { exponentialBackoff } from '@lethe/bus';
import { type DeletionRequested, LetheError } from '@lethe/contracts';
import { type Lineage, requestKey } from '@lethe/lineage';
import { Doorbell, duplicateDropped, type Log, recordOf } from '@lethe/service-kit';
import { continueTrace } from '@lethe/telemetry';
import { type ActorState, type Attempt, progressOf } from './actor-state.ts';
import { type AttemptDeps, attemptRound } from './attempt-round.ts';
import { type Ladder, maxBatchAt, rungAt } from './domain/ladder.ts';
import { ModelQueue } from './domain/model-queue.ts';
import { type FollowedUp, type GivenUp, nextStep } from './domain/next-step.ts';
import type { PendingRequest } from './domain/pending-request.ts';
import type { PlanLimits, PlannedPart } from './domain/plan-round.ts';
import type { RowIndex } from './domain/request-rows.ts';
import {
  candidateMessage,
  duplicatesManifest,
  escalationManifest,
  type Position,
} from './domain/round-manifest.ts';
import * as events from './events.ts';
import type { Outlet } from './outlet.ts';
import type { ProgressBoard } from './progress-board.ts';
import { tracedRound } from './traced-round.ts';

export interface RoundLimits {
  readonly maxBatch: number;
  readonly maxWaitMs: number;
  readonly deadlineMarginMs: number;
  /** How often the store is asked for a decision that no event announced. */
  readonly recheckMs: number;
}

export interface ModelActorDeps extends AttemptDeps {
  readonly ladder: Ladder;
  readonly limits: RoundLimits;
  readonly board: ProgressBoard;
  readonly log: Log;
}

export class ModelActor {
  readonly #lineage: Lineage;
  readonly #queue: ModelQueue;
  readonly #outlet: Outlet;
  readonly #deps: ModelActorDeps;
  readonly #planLimits: PlanLimits;
  readonly #bell = new Doorbell();
  #state: ActorState = { kind: 'idle' };
  /** Attempts up to this one have their outbox sent. */
  #sentThrough = 0;

  constructor(lineage: Lineage, index: RowIndex, outlet: Outlet, deps: ModelActorDeps) {
    this.#lineage = lineage;
    this.#queue = new ModelQueue(index);
    this.#outlet = outlet;
    this.#deps = { ...deps, log: deps.log.child({ model: lineage.state.modelKey }) };
    const { ladder, limits } = deps;
    this.#planLimits = {
      maxBatch: (step) => maxBatchAt(ladder, step, limits.maxBatch),
      maxWaitMs: limits.maxWaitMs,
      deadlineMarginMs: limits.deadlineMarginMs,
    };
  }

  /** A request that was read from the bus, its scope resolved to rows. */
  offer(request: DeletionRequested, rows: readonly number[], offset: bigint): void {
    const isKnown = this.#lineage.state.progress(requestKey(request)).kind !== 'unknown';
    if (isKnown || this.#queue.has(request)) duplicateDropped('unlearner');
    this.#queue.offer(request, rows, offset, this.#nowMs());
    this.#bell.ring();
  }

  /** Something about the model may have changed: look again. */
  hint(): void {
    this.#bell.ring();
  }

  /** Works until `signal` aborts; trouble is waited out, nothing is thrown. */
  async run(signal: AbortSignal): Promise<void> {
    const backoff = exponentialBackoff(500, 60_000);
    for (let failures = 0; !signal.aborted; ) {
      try {
        await this.#step(signal);
        failures = 0;
      } catch (thrown) {
        if (signal.aborted) break;
        failures += 1;
        const error = LetheError.from(thrown);
        this.#block(error, backoff(failures));
        await this.#deps.clock.sleep(backoff(failures), signal).catch(() => {});
      }
    }
    this.#deps.board.remove(this.#lineage.state.modelKey);
  }

  async #step(signal: AbortSignal): Promise<void> {
    await this.#lineage.refresh();
    const { state } = this.#lineage;
    for (const offset of this.#queue.settle(state)) this.#outlet.finish(offset);
    await this.#sendOutbox();

    const { ladder, limits } = this.#deps;
    const situation = {
      inFlight: state.inFlight?.sequence,
      pending: this.#queue.pending(state),
      hopeless: (item: PendingRequest) => this.#queue.hopeless(item),
      ladderLength: ladder.length,
      completedLike: (item: PendingRequest) =>
        state.openRequests.has(requestKey(item.request))
          ? undefined
          : state.completedLike(item.scope),
    };
    const next = nextStep(situation, this.#planLimits, this.#nowMs());
    switch (next.kind) {
      case 'idle':
        this.#become({ kind: 'idle' });
        return this.#wait(undefined, signal);
      case 'wait':
        this.#become({ kind: 'waiting-for-batch', untilMs: next.untilMs });
        return this.#wait(next.untilMs - this.#nowMs(), signal);
      case 'await-decision':
        this.#become({ kind: 'awaiting-decision', sequence: next.sequence });
        return this.#wait(limits.recheckMs, signal);
      case 'end-duplicates':
        return this.#endDuplicates(next.requests);
      case 'escalate':
        return this.#escalate(next.requests);
      case 'round':
        if (await this.#isRolledBack()) return this.#wait(limits.recheckMs, signal);
        return this.#attempt(next.parts, next.closedBy, signal);
      default:
        return next satisfies never;
    }
  }

  /** What serves was moved back, and the log does not say so yet: the head is not where to start. */
  async #isRolledBack(): Promise<boolean> {
    const { state } = this.#lineage;
    const serving = await this.#deps.lineages.serving(state.modelKey);
    const pointer = serving?.pointer;
    return pointer?.move === 'rollback' && pointer.generation > state.rollbackGeneration;
  }

  /** Invariant 3. An attempt that has a decision was seen by others, hence sent. */
  async #sendOutbox(): Promise<void> {
    const { state } = this.#lineage;
    const sequence = state.nextSequence - 1;
    if (sequence <= this.#sentThrough) return;
    const found = await this.#deps.lineages.manifest(state.modelKey, sequence);
    const decided = found?.record.entry?.$case === 'round' && state.inFlight === undefined;
    const isSent = (digest: string) =>
      decided || this.#outlet.hasSent({ modelKey: state.modelKey, digest });
    if (found !== undefined && !isSent(found.digest)) {
      const manifest = { modelKey: state.modelKey, digest: found.digest };
      const candidate = candidateMessage(found.record, found.digest);
      const messages = [...found.record.outbox, ...(candidate === undefined ? [] : [candidate])];
      const { traceparent } = found.record;
      await continueTrace(traceparent, () => this.#outlet.send(messages.map(recordOf), manifest));
    }
    this.#sentThrough = sequence;
  }

  async #attempt(
    parts: readonly PlannedPart[],
    closedBy: string,
    signal: AbortSignal,
  ): Promise<void> {
    const { ladder, log } = this.#deps;
    const model = this.#lineage.state.modelKey;
    const next = rungAt(ladder, parts[0]?.pending.ladderStep ?? 0);
    if (next.kind === 'exhausted') throw new LetheError('internal', 'a plan beyond the ladder');
    const attempt: Attempt = {
      sequence: this.#lineage.state.nextSequence,
      parts,
      rung: next.rung,
      ladderStep: next.step,
    };
    events.roundStarted(log, attempt, closedBy);
    const startedMs = this.#nowMs();
    this.#become({ kind: 'computing', attempt, progress: undefined });
    const outcome = await tracedRound(model, attempt, () =>
      attemptRound(this.#lineage, attempt, this.#deps, {
        signal,
        onProgress: (progress) => this.#become({ kind: 'computing', attempt, progress }),
        onCommitting: () => this.#become({ kind: 'committing', attempt }),
        onTrouble: (error, retryInMs) => this.#block(error, retryInMs),
      }),
    ).catch((thrown) => {
      if (signal.aborted) events.roundCutOff(log, attempt, (this.#nowMs() - startedMs) / 1000);
      throw thrown;
    });
    const requests = parts.map((part) => part.pending);
    switch (outcome.kind) {
      case 'committed':
        return events.roundCommitted(log, attempt, outcome.metrics, outcome.backend);
      case 'overtaken':
        return events.roundOvertaken(log, model, attempt);
      case 'rung-failed':
        events.rungFailed(log, model, attempt, outcome.reason);
        return this.#queue.climb(requests);
      case 'foreign-samples': {
        const foreign = new Set(outcome.rows);
        const named = requests.filter(({ rows }) => rows.some((row) => foreign.has(row)));
        return this.#queue.giveUp(
          named,
          'some of its stored samples are not the ones that the model was trained on',
        );
      }
      default:
        return outcome satisfies never;
    }
  }

  /** Nothing is computed for what was done already. */
  async #endDuplicates(requests: readonly FollowedUp[]): Promise<void> {
    const { lineages, log } = this.#deps;
    const { modelKey, nextSequence: sequence } = this.#lineage.state;
    const put = await lineages.commitManifest(duplicatesManifest(this.#nextPosition(), requests));
    if (put.kind === 'taken') return;
    events.duplicatesEnded(log, modelKey, {
      sequence,
      requests: requests.map(({ pending }) => pending.request),
      nowMs: this.#nowMs(),
    });
  }

  #nextPosition(): Position {
    const { modelKey, nextSequence, head } = this.#lineage.state;
    return {
      modelKey,
      sequence: nextSequence,
      parentSequence: head.sequence,
      parentWeightsDigest: head.weightsDigest,
      time: this.#deps.clock.now(),
    };
  }

  /** Loud, and the end of the ladder: everything that is left of these requests. */
  async #escalate(requests: readonly GivenUp[]): Promise<void> {
    const { lineages, log } = this.#deps;
    const { state } = this.#lineage;
    const reason = [...new Set(requests.map((request) => request.reason))].join('; ');
    const attempts = [
      ...new Set(
        requests.flatMap(
          ({ pending }) => state.openRequests.get(requestKey(pending.request))?.attempts ?? [],
        ),
      ),
    ].sort((a, b) => a - b);
    const sequence = state.nextSequence;
    const manifest = escalationManifest(
      this.#nextPosition(),
      requests.map(({ pending }) => ({ pending, rows: pending.rows, last: true })),
      attempts,
      reason,
    );
    const put = await lineages.commitManifest(manifest);
    if (put.kind === 'taken') return;
    events.escalated(log, state.modelKey, {
      sequence,
      requests: requests.map(({ pending }) => pending.request),
      reason,
      attempts,
    });
  }

  async #wait(ms: number | undefined, signal: AbortSignal): Promise<void> {
    await this.#bell.wait(this.#deps.clock, ms, signal);
  }

  #block(error: LetheError, retryInMs: number): void {
    events.blocked(this.#deps.log, this.#lineage.state.modelKey, error, retryInMs);
    this.#become({ kind: 'blocked', reason: error.message });
  }

  /** The one place where the state changes. */
  #become(state: ActorState): void {
    this.#state = state;
    this.#deps.board.publish(
      progressOf(this.#state, {
        modelKey: this.#lineage.state.modelKey,
        nextSequence: this.#lineage.state.nextSequence,
        pendingRequestCount: this.#queue.count(this.#lineage.state),
        time: this.#deps.clock.now(),
      }),
    );
  }

  #nowMs(): number {
    return this.#deps.clock.now().getTime();
  }
}
