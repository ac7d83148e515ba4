import type { JobRunner } from '@lethe/compute';
import {
  ModelCandidate,
  type Round,
  type RoundManifest,
  RoundProgress,
  topics,
  UnlearnerServiceClient,
  WatchRoundsRequest,
} from '@lethe/contracts';
import { openLineage } from '@lethe/lineage';
import {
  connect,
  createLog,
  type LetheService,
  readConfig,
  silentLog,
  startGrpcServer,
  systemClock,
} from '@lethe/service-kit';
import { type TinyWorld, tapTopic } from '../../../../test/support/tiny-world.ts';
import { type UnlearnerConfig, unlearnerSettings } from '../config.ts';
import { createUnlearnerService } from '../service.ts';

const log =
  process.env['LETHE_TEST_LOG'] === undefined ? silentLog : createLog({ service: 'test' });

/** An unlearner on a world's bus and store, quick to plan and to look for decisions. */
export function unlearnerOn(
  world: TinyWorld,
  compute: JobRunner,
  changes: Partial<UnlearnerConfig> = {},
): LetheService {
  return createUnlearnerService({
    bus: world.bus,
    lineages: world.lineages,
    compute,
    config: {
      ...readConfig(unlearnerSettings, { env: {}, argv: [] }),
      maxWaitMs: 100,
      recheckMs: 50,
      ...changes,
    },
    clock: systemClock,
    log,
    onFatal: (error) => {
      throw error;
    },
  });
}

/** Stands in for evaluator and registry: decides every candidate as `passes` says. */
export function gateOn(
  world: TinyWorld,
  passes: (manifest: RoundManifest) => boolean = () => true,
): Promise<AsyncDisposable> {
  return tapTopic(world.bus, topics.modelCandidate, async (record) => {
    const { modelKey, sequence } = ModelCandidate.decode(record.value);
    const found = await world.lineages.manifest(modelKey, sequence);
    if (found === undefined) throw new Error('a candidate without a manifest');
    await world.decide(found.record, passes(found.record));
  });
}

export function roundsOf(entries: readonly RoundManifest[]): Round[] {
  return entries.flatMap(({ entry }) => (entry?.$case === 'round' ? [entry.value] : []));
}

/** What the lineage says of a request. */
export async function progressOf(
  world: TinyWorld,
  requestKey: string,
  modelKey = 'tiny',
): Promise<string> {
  return (await openLineage(world.lineages, modelKey)).state.progress(requestKey).kind;
}

/** Follows one model through `WatchRounds`. */
export async function watching(
  service: LetheService,
  modelKey = 'tiny',
): Promise<AsyncDisposable & { readonly latest: RoundProgress }> {
  const server = await startGrpcServer({ address: '127.0.0.1:0', services: service.grpc, log });
  const client = connect(UnlearnerServiceClient, server.address);
  const stop = new AbortController();
  const watcher = {
    latest: RoundProgress.fromPartial({}),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await following;
      await client[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
  const following = (async () => {
    const request = WatchRoundsRequest.fromPartial({ modelKey });
    try {
      for await (const progress of client.watchRounds(request, { signal: stop.signal })) {
        watcher.latest = progress;
      }
    } catch (error) {
      if (!stop.signal.aborted) throw error;
    }
  })();
  return watcher;
}
