import { join } from 'node:path';
import { SqliteBus } from '@lethe/bus';
import type { JobRunner } from '@lethe/compute';
import { createEvaluatorService, evaluatorSettings, type HeldKey } from '@lethe/evaluator';
import { KeyRing } from '@lethe/evidence';
import { readPolicy } from '@lethe/gate';
import { createIngestService, EmitterSources } from '@lethe/ingest';
import { LineageStore } from '@lethe/lineage';
import { createRegistryService, registrySettings, retentionOf } from '@lethe/registry';
import {
  legalClocksOf,
  openSecurity,
  readConfig,
  securitySettings,
  silentLog,
  systemClock,
  TracedBus,
  TracedStore,
} from '@lethe/service-kit';
import { BlobStore, FolderStore } from '@lethe/store';
import { createUnlearnerService, unlearnerSettings } from '@lethe/unlearner';
import { StandInEvaluations } from '../../test/chaos/services/stand-in-evaluation.ts';
import { StandInRounds } from '../../test/chaos/services/stand-in-round.ts';
import { lenientPolicy } from '../../test/support/lenient-policy.ts';
import type { PipelineSettings, RunningPipeline } from '../latency.ts';

/** What unlearns and what judges. */
export interface Numerics {
  readonly rounds: JobRunner;
  readonly evaluations: JobRunner;
  /** YAML; empty: the built-in one. */
  readonly policy: string;
  /** Most samples of one round. */
  readonly maxBatch: number;
  readonly heldKey: HeldKey | undefined;
}

/** Rounds and verdicts that take no time. */
export function noNumerics(rounds: JobRunner = new StandInRounds(() => 0)): Numerics {
  const evaluations = new StandInEvaluations(0);
  return { rounds, evaluations, policy: lenientPolicy, maxBatch: 512, heldKey: undefined };
}

/** The four services in this process, as `lethe up` puts them together. */
export async function embeddedPipeline({
  folder,
  maxWaitMs,
  register,
  numerics = noNumerics(),
}: PipelineSettings & { readonly numerics?: Numerics }): Promise<RunningPipeline> {
  const bus = new TracedBus(await SqliteBus.open({ file: join(folder, 'bus.sqlite') }));
  const store = new TracedStore(await FolderStore.open(join(folder, 'store')));
  await register(store);
  const lineages = new LineageStore(
    store,
    new BlobStore(store, { cacheFolder: join(folder, 'cache') }),
  );
  const keys = KeyRing.open(join(folder, 'keys'), systemClock.now());
  const environment = { env: {}, argv: [] };
  const registryConfig = readConfig(registrySettings, environment);
  const legalClocks = legalClocksOf(registryConfig);
  const onFatal = (error: Error) => {
    throw error;
  };
  const shared = { bus, clock: systemClock, log: silentLog, onFatal };
  const ingest = createIngestService({
    ...shared,
    lineage: lineages,
    indexFile: join(folder, 'ingest.sqlite'),
    httpAddress: '127.0.0.1:0',
    defaultEmitter: 'default',
    sources: EmitterSources.read(''),
    security: await openSecurity(readConfig(securitySettings, environment), silentLog),
    keys,
    legalClocks,
  });
  const services = [
    createRegistryService({
      ...shared,
      lineage: lineages,
      projectionFile: join(folder, 'registry.sqlite'),
      keys,
      retention: retentionOf(registryConfig),
      fourEyes: registryConfig.fourEyes,
      legalClocks,
    }),
    createEvaluatorService({
      ...shared,
      lineages,
      compute: numerics.evaluations,
      policy: readPolicy(numerics.policy),
      heldKey: numerics.heldKey,
      config: readConfig(evaluatorSettings, environment),
    }),
    createUnlearnerService({
      ...shared,
      lineages,
      compute: numerics.rounds,
      config: {
        ...readConfig(unlearnerSettings, environment),
        maxWaitMs,
        maxBatch: numerics.maxBatch,
      },
    }),
    ingest,
  ];
  for (const service of services) await service.start();
  return {
    name: 'SQLite bus and folder store, one process',
    ingestUrl: `http://${ingest.httpAddress()}`,
    bus,
    async [Symbol.asyncDispose]() {
      for (const service of services.toReversed()) await service[Symbol.asyncDispose]();
      await bus[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}
