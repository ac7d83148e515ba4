import type { Consumption, MessageBus } from '@lethe/bus';
import type { JobRunner } from '@lethe/compute';
import { allTopics, EvaluatorServiceService, topics } from '@lethe/contracts';
import { SetsInForce } from '@lethe/datasets';
import type { Policy } from '@lethe/gate';
import type { LineageStore } from '@lethe/lineage';
import {
  type Clock,
  consumeRecords,
  implementService,
  type LetheService,
  type Log,
  type Readiness,
  workerLimitsOf,
} from '@lethe/service-kit';
import { ArrayCache } from './array-cache.ts';
import type { EvaluatorConfig } from './config.ts';
import { ForgottenClasses } from './forgotten-classes.ts';
import { type CandidateDeps, handleCandidate } from './handlers/candidate.ts';
import { evaluate, watchEvaluate } from './handlers/evaluate.ts';
import { getVerdict } from './handlers/get-verdict.ts';
import { HeldSets } from './held/held-sets.ts';
import type { HeldKey } from './held/seal.ts';
import { sweepHeldSets } from './held/sweep.ts';
import { MemoryBudget } from './memory-budget.ts';

export interface EvaluatorDeps {
  readonly bus: MessageBus;
  readonly lineages: LineageStore;
  /** Where forward passes run; disposed of by whoever made it, after the service. */
  readonly compute: JobRunner;
  readonly policy: Policy;
  /** Seals forget sets that are held to see whether they come back; `undefined`: none is held. */
  readonly heldKey: HeldKey | undefined;
  readonly config: EvaluatorConfig;
  readonly clock: Clock;
  readonly log: Log;
  /** A failure that this process cannot recover from. */
  readonly onFatal: (error: Error) => void;
}

const stuckMarginMs = 15 * 60_000;

export function createEvaluatorService(deps: EvaluatorDeps): LetheService {
  const { bus, lineages, policy, clock, log } = deps;
  let consumption: Consumption | undefined;
  let readiness: Readiness = { kind: 'not-ready', reason: 'starting' };
  const held = new HeldSets({ store: lineages.store, key: deps.heldKey, clock, log });
  const stopSweeping = new AbortController();
  let sweeping: Promise<void> = Promise.resolve();
  const candidateDeps: CandidateDeps = {
    lineages,
    compute: deps.compute,
    cache: new ArrayCache(deps.config.cacheMiB * 2 ** 20),
    memory: new MemoryBudget(deps.config.memoryMiB * 2 ** 20),
    held,
    setsInForce: new SetsInForce(lineages),
    forgottenClasses: new ForgottenClasses(lineages),
    policy,
    log,
  };

  return {
    name: 'evaluator',
    grpc: [
      implementService(EvaluatorServiceService, {
        evaluate: (request, { signal }) => evaluate(request, policy, candidateDeps, signal),
        watchEvaluate: (request, { signal }) =>
          watchEvaluate(request, policy, candidateDeps, signal),
        getVerdict: (request) => getVerdict(lineages, request),
      }),
    ],
    async start() {
      await bus.ensureTopics(allTopics);
      consumption = await consumeRecords(bus, {
        group: 'evaluator',
        topics: [topics.modelCandidate],
        stage: 'evaluator',
        handle: (record, context) => handleCandidate(record, context, candidateDeps),
        log,
        clock,
        // A compute process that is stuck is replaced first.
        stuckAfterMs: workerLimitsOf(deps.config).silenceLimitMs + stuckMarginMs,
        onFatal: (error) => {
          readiness = { kind: 'not-ready', reason: error.message };
          deps.onFatal(error);
        },
      });
      sweeping = sweepHeldSets(held, lineages, { log, signal: stopSweeping.signal });
      readiness = { kind: 'ready' };
    },
    readiness: () => readiness,
    async [Symbol.asyncDispose]() {
      readiness = { kind: 'not-ready', reason: 'closing' };
      stopSweeping.abort();
      await consumption?.[Symbol.asyncDispose]();
      await sweeping;
    },
  };
}
