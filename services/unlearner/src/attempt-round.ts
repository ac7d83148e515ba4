/** One attempt at a round, from the plan to the commit point. Its outcomes are data. */
import { type Backoff, exponentialBackoff } from '@lethe/bus';
import type { JobRunner } from '@lethe/compute';
import { type ErrorCode, LetheError, type RoundMetrics } from '@lethe/contracts';
import type { Lineage, LineageStore } from '@lethe/lineage';
import type { Clock } from '@lethe/service-kit';
import { activeTraceparent, inSpan } from '@lethe/telemetry';
import type { RoundProgress as EngineProgress } from '@lethe/unlearning';
import type { Attempt } from './actor-state.ts';
import { computeRound, roundJobInput } from './compute-round.ts';
import { type ComputedRound, type Position, roundManifest } from './domain/round-manifest.ts';
import { attemptSeed } from './domain/seed.ts';
import type { RoundJobOutput } from './jobs/round-job.ts';

export interface AttemptDeps {
  readonly lineages: LineageStore;
  readonly compute: JobRunner;
  readonly clock: Clock;
  readonly seed: number;
  readonly heldOutLimit: number;
}

export interface AttemptHooks {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: EngineProgress) => void;
  readonly onCommitting: () => void;
  /** Trouble that is waited out. */
  readonly onTrouble: (error: LetheError, retryInMs: number) => void;
}

export type AttemptOutcome =
  | {
      readonly kind: 'committed';
      readonly digests: RoundDigests;
      readonly metrics: RoundMetrics;
      readonly backend: string;
    }
  /** The position was taken: nothing of this attempt counts. */
  | { readonly kind: 'overtaken' }
  /** There is nothing to judge; the same rung again would end the same way. */
  | { readonly kind: 'rung-failed'; readonly reason: string }
  /** These rows of the data set are not the samples that were trained on. */
  | { readonly kind: 'foreign-samples'; readonly rows: readonly number[] };

/** SHA-256 of what a round began with and of what it stored. */
export interface RoundDigests {
  readonly parentWeights: string;
  readonly weights: string;
  readonly state: string;
  readonly manifest: string;
}

/** How often a compute process may die on an attempt before its rung counts as failed. */
const deathsAllowed = 3;

/** @throws LetheError `cancelled` when `signal` aborts: then nothing was committed */
export async function attemptRound(
  lineage: Lineage,
  attempt: Attempt,
  deps: AttemptDeps,
  hooks: AttemptHooks,
): Promise<AttemptOutcome> {
  const startedMs = deps.clock.now().getTime();
  const seed = attemptSeed(lineage.state.modelKey, attempt.sequence, deps.seed);
  const computed = await compute(lineage, attempt, seed, deps, hooks);
  if (computed.kind !== 'computed') return computed;
  if (computed.outcome === 'diverged') return { kind: 'rung-failed', reason: 'it diverged' };

  hooks.onCommitting();
  const now = deps.clock.now();
  const metrics: RoundMetrics = {
    outcome: computed.outcome,
    steps: computed.metrics.steps,
    imagePasses: computed.metrics.imagePasses,
    forgetAccuracyBefore: finite(computed.metrics.forgetAccuracyBefore),
    forgetAccuracyAfter: finite(computed.metrics.forgetAccuracyAfter),
    seconds: (now.getTime() - startedMs) / 1000,
  };
  const { head } = lineage.state;
  const position: Position = {
    modelKey: lineage.state.modelKey,
    sequence: attempt.sequence,
    parentSequence: head.sequence,
    parentWeightsDigest: head.weightsDigest,
    time: now,
    traceparent: activeTraceparent(),
  };
  return await waitOutTrouble(deps.clock, hooks, async (): Promise<AttemptOutcome> => {
    const { blobs } = deps.lineages;
    const [weightsDigest, stateDigest] = await Promise.all([
      blobs.put(computed.weights),
      blobs.put(computed.state),
    ]);
    const committed = await deps.lineages.commitManifest(
      roundManifest(position, {
        parts: attempt.parts,
        weightsDigest,
        stateDigest,
        method: attempt.rung.method,
        ladderStep: attempt.ladderStep,
        settings: computed.settings,
        seed,
        backend: computed.backend,
        metrics,
        stopSetDigests: computed.stopSetDigests,
      }),
    );
    // Had these bytes been an orphan of a former attempt, they may have been collected just now.
    if (!(await blobs.has(weightsDigest))) await blobs.put(computed.weights);
    if (!(await blobs.has(stateDigest))) await blobs.put(computed.state);
    if (committed.kind === 'taken') return { kind: 'overtaken' };
    const digests: RoundDigests = {
      parentWeights: position.parentWeightsDigest,
      weights: weightsDigest,
      state: stateDigest,
      manifest: committed.digest,
    };
    return { kind: 'committed', digests, metrics, backend: computed.backend };
  });
}

type Computed =
  | (Extract<RoundJobOutput, { kind: 'computed' }> & Pick<ComputedRound, 'stopSetDigests'>)
  | Extract<AttemptOutcome, { kind: 'rung-failed' | 'foreign-samples' }>;

async function compute(
  lineage: Lineage,
  { parts, rung }: Attempt,
  seed: number,
  deps: AttemptDeps,
  hooks: AttemptHooks,
): Promise<Computed> {
  let deaths = 0;
  return waitOutTrouble(deps.clock, hooks, async (): Promise<Computed> => {
    const round = { parts, rung, seed };
    const input = await roundJobInput(lineage, round, deps.lineages, deps.heldOutLimit);
    let output: RoundJobOutput;
    try {
      output = await inSpan('compute', {}, () => computeRound(deps.compute, input, hooks));
    } catch (thrown) {
      const error = LetheError.from(thrown);
      if (!processDied.has(error.code) || hooks.signal.aborted) throw error;
      deaths += 1;
      if (deaths < deathsAllowed) throw error;
      return {
        kind: 'rung-failed',
        reason: `its process failed ${deaths} times: ${error.message}`,
      };
    }
    switch (output.kind) {
      case 'computed':
        return {
          ...output,
          stopSetDigests: Object.fromEntries(
            input.heldOut.map(({ name, digestInForce }) => [name, digestInForce]),
          ),
        };
      case 'method-failed':
        return { kind: 'rung-failed', reason: output.reason };
      case 'foreign-samples':
        if (output.othersMatch) return { kind: 'foreign-samples', rows: output.rows };
        throw new LetheError(
          'precondition',
          'the training data on disk is not the data set that the model was registered with; restore its files',
        );
      default:
        return output satisfies never;
    }
  });
}

/** Codes of a job whose process died or ran into a limit, and of what nobody foresaw. */
const processDied: ReadonlySet<ErrorCode> = new Set(['unavailable', 'capacity', 'internal']);

/**
 * Repeats `work` until it succeeds: what went wrong lies outside, and what was already computed
 * is worth keeping. @throws LetheError `cancelled` when the signal aborts
 */
async function waitOutTrouble<T>(
  clock: Clock,
  { signal, onTrouble }: AttemptHooks,
  work: () => Promise<T>,
  backoff: Backoff = exponentialBackoff(1000, 60_000),
): Promise<T> {
  for (let failures = 1; ; failures++) {
    if (signal.aborted) throw new LetheError('cancelled', 'the round was cancelled');
    try {
      return await work();
    } catch (thrown) {
      const error = LetheError.from(thrown);
      if (signal.aborted || error.code === 'cancelled') {
        throw new LetheError('cancelled', 'the round was cancelled', { cause: error });
      }
      onTrouble(error, backoff(failures));
      await clock.sleep(backoff(failures), signal);
    }
  }
}

/** Canonical JSON holds no NaN. */
function finite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}
