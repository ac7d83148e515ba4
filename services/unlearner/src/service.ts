import type { Consumption, MessageBus } from '@lethe/bus';
import type { JobRunner } from '@lethe/compute';
import { allTopics, ModelDecided, topics, UnlearnerServiceService } from '@lethe/contracts';
import type { LineageStore } from '@lethe/lineage';
import {
  type Clock,
  consumeRecords,
  decodeEvent,
  done,
  implementService,
  type LetheService,
  type Log,
  type Readiness,
  workerLimitsOf,
} from '@lethe/service-kit';
import { observe } from '@lethe/telemetry';
import { ladderOf, type UnlearnerConfig } from './config.ts';
import { listRounds } from './handlers/list-rounds.ts';
import { watchRounds } from './handlers/watch-rounds.ts';
import { PartitionOwner, type PartitionOwnerDeps } from './partition-owner.ts';
import { ProgressBoard } from './progress-board.ts';

export interface UnlearnerDeps {
  readonly bus: MessageBus;
  readonly lineages: LineageStore;
  /** Where rounds are computed; disposed of by whoever made it, after the service. */
  readonly compute: JobRunner;
  readonly config: UnlearnerConfig;
  readonly clock: Clock;
  readonly log: Log;
  /** A failure that this process cannot recover from. */
  readonly onFatal: (error: Error) => void;
}

const stuckMarginMs = 15 * 60_000;

/** @throws LetheError `invalid` for a configuration that cannot work */
export function createUnlearnerService(deps: UnlearnerDeps): LetheService {
  const { bus, lineages, config, clock, log } = deps;
  // A compute process that is stuck is replaced first.
  const board = new ProgressBoard(workerLimitsOf(config).silenceLimitMs + stuckMarginMs);
  const owners = new Set<PartitionOwner>();
  const consumptions: Consumption[] = [];
  let readiness: Readiness = { kind: 'not-ready', reason: 'starting' };
  let backlog: Disposable | undefined;

  const ownerDeps: PartitionOwnerDeps = {
    lineages,
    compute: deps.compute,
    clock,
    log,
    board,
    ladder: ladderOf(config),
    limits: {
      maxBatch: config.maxBatch,
      maxWaitMs: config.maxWaitMs,
      deadlineMarginMs: config.deadlineMarginSeconds * 1000,
      recheckMs: config.recheckMs,
    },
    windowSize: config.windowSize,
    seed: config.seed,
    heldOutLimit: config.heldOutLimit,
  };

  const onFatal = (error: Error) => {
    readiness = { kind: 'not-ready', reason: error.message };
    deps.onFatal(error);
  };

  async function consumeRequests(): Promise<Consumption> {
    return bus.consume({
      group: 'unlearner',
      topics: [topics.deletionRequested.name],
      onPartition: async (partition) => {
        const owner = new PartitionOwner(partition, ownerDeps);
        owners.add(owner);
        try {
          await owner.run();
        } finally {
          owners.delete(owner);
        }
      },
      onFatal,
      onRetry: (error, { topic, partition }) =>
        log.warn('trouble with a partition, tried again', { topic, partition, error }),
    });
  }

  /** Decisions as hints: the truth is in the store, and is looked up there in any case. */
  async function consumeHints(): Promise<Consumption> {
    return consumeRecords(bus, {
      group: 'unlearner-hints',
      topics: [topics.modelDecided],
      stage: 'unlearner',
      handle: async (record) => {
        const { modelKey } = decodeEvent(ModelDecided, record);
        for (const owner of owners) owner.hint(modelKey);
        return done();
      },
      log,
      clock,
      onFatal,
    });
  }

  return {
    name: 'unlearner',
    grpc: [
      implementService(UnlearnerServiceService, {
        listRounds: (request) => listRounds(lineages, request),
        watchRounds: (request, { signal }) => watchRounds(board, request, signal),
      }),
    ],
    async start() {
      await bus.ensureTopics(allTopics);
      backlog = observe('lethe.backlog.requests', () =>
        board.all().map(({ modelKey, pendingRequestCount }) => ({
          value: pendingRequestCount,
          attributes: { model: modelKey },
        })),
      );
      consumptions.push(await consumeHints(), await consumeRequests());
      readiness = { kind: 'ready' };
    },
    readiness() {
      const reason = board.standstill();
      return reason === undefined || readiness.kind !== 'ready'
        ? readiness
        : { kind: 'not-ready', reason };
    },
    async [Symbol.asyncDispose]() {
      readiness = { kind: 'not-ready', reason: 'closing' };
      backlog?.[Symbol.dispose]();
      await Promise.all(consumptions.map((consumption) => consumption[Symbol.asyncDispose]()));
      board[Symbol.dispose]();
    },
  };
}
