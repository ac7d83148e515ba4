import type { Consumption, MessageBus } from '@lethe/bus';
import { allTopics, EvaluatorServiceService, topics } from '@lethe/contracts';
import type { LineageStore } from '@lethe/lineage';
import {
  type Clock,
  consumeRecords,
  implementService,
  type LetheService,
  type Log,
  type Readiness,
} from '@lethe/service-kit';
import type { EvaluatorConfig } from './config.ts';
import type { Policy } from './domain/policy.ts';
import { ForgottenClasses } from './forgotten-classes.ts';
import { type CandidateDeps, handleCandidate } from './handlers/candidate.ts';
import { evaluate } from './handlers/evaluate.ts';
import { getVerdict } from './handlers/get-verdict.ts';
import type { JobRunner } from './job-runner.ts';
import { PredictionCache } from './prediction-cache.ts';

export interface EvaluatorDeps {
  readonly bus: MessageBus;
  readonly lineages: LineageStore;
  /** Where forward passes run; disposed of by whoever made it, after the service. */
  readonly compute: JobRunner;
  readonly policy: Policy;
  readonly config: EvaluatorConfig;
  readonly clock: Clock;
  readonly log: Log;
  /** A failure that this process cannot recover from. */
  readonly onFatal: (error: Error) => void;
}

export function createEvaluatorService(deps: EvaluatorDeps): LetheService {
  const { bus, lineages, policy, clock, log } = deps;
  let consumption: Consumption | undefined;
  let readiness: Readiness = { kind: 'not-ready', reason: 'starting' };
  const candidateDeps: CandidateDeps = {
    lineages,
    compute: deps.compute,
    cache: new PredictionCache(deps.config.cacheMiB * 2 ** 20),
    forgottenClasses: new ForgottenClasses(lineages),
    policy,
    clock,
    log,
  };

  return {
    name: 'evaluator',
    grpc: [
      implementService(EvaluatorServiceService, {
        evaluate: (request, { signal }) => evaluate(request, policy, candidateDeps, signal),
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
        onFatal: (error) => {
          readiness = { kind: 'not-ready', reason: error.message };
          deps.onFatal(error);
        },
      });
      readiness = { kind: 'ready' };
    },
    readiness: () => readiness,
    async [Symbol.asyncDispose]() {
      readiness = { kind: 'not-ready', reason: 'closing' };
      await consumption?.[Symbol.asyncDispose]();
    },
  };
}
