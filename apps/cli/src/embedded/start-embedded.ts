import { join } from 'node:path';
import { SqliteBus } from '@lethe/bus';
import { type BackendPreference, ComputeProcess } from '@lethe/compute';
import { createEvaluatorService, evaluatorSettings, makeHeldKey } from '@lethe/evaluator';
import { KeyRing } from '@lethe/evidence';
import { readPolicy } from '@lethe/gate';
import { createIngestService, EmitterSources } from '@lethe/ingest';
import { LineageStore } from '@lethe/lineage';
import {
  callbacksOf,
  consoleOf,
  createRegistryService,
  registrySettings,
  retentionOf,
} from '@lethe/registry';
import {
  type LetheService,
  type Log,
  legalClocksOf,
  letheVersion,
  observeReady,
  observeWorkers,
  openSecurity,
  type Readiness,
  ResourceStack,
  readConfig,
  requireSafeAddress,
  securitySettings,
  serveOps,
  showHealth,
  startGrpcServer,
  systemClock,
  TracedBus,
  TracedStore,
  wholeReadiness,
  workerDied,
  workerLimitsOf,
} from '@lethe/service-kit';
import { BlobStore, FolderStore, requireConformance } from '@lethe/store';
import { startTelemetry } from '@lethe/telemetry';
import { createUnlearnerService, unlearnerSettings } from '@lethe/unlearner';
import type { HomeLayout } from './home-layout.ts';

export interface EmbeddedSettings {
  readonly layout: HomeLayout;
  readonly log: Log;
  /** `HOST:PORT`; port 0 takes a free one. */
  readonly grpcAddress: string;
  readonly httpAddress: string;
  /** `HOST:PORT` of the console; not given: none is served. */
  readonly consoleAddress?: string;
  /** `HOST:PORT` for /livez, /readyz and /metrics; empty or not given: not served. */
  readonly opsAddress?: string;
  readonly backend: BackendPreference;
  readonly maxBatch: number;
  readonly maxWaitMs: number;
  readonly seed: number;
  /** Ladder of unlearning settings, as JSON; default: the unlearner's own. */
  readonly ladder?: string;
  /** JSON file of the sources of the intake topic; default: a source is its emitter's name. */
  readonly intakeSources?: string;
  /** The gate's policy; default: the evaluator's own. */
  readonly policyYaml?: string;
  /** A failure that the process cannot recover from. */
  readonly onFatal: (error: Error) => void;
}

/** The four services in this process, on a SQLite log and a folder. */
export interface EmbeddedLethe extends AsyncDisposable {
  readonly grpcAddress: string;
  readonly httpAddress: string;
  /** Empty where there is no console. */
  readonly consoleAddress: string;
}

const healthEveryMs = 1000;

/**
 * Starts everything, consumers before producers; when it throws, all of it is stopped again.
 * Disposing stops intake first, then drops running rounds, then closes bus and store.
 */
export async function startEmbedded(settings: EmbeddedSettings): Promise<EmbeddedLethe> {
  const stack = new ResourceStack();
  try {
    return await startOn(stack, settings);
  } catch (thrown) {
    await stack[Symbol.asyncDispose]();
    throw thrown;
  }
}

async function startOn(stack: ResourceStack, settings: EmbeddedSettings): Promise<EmbeddedLethe> {
  const { layout, log, onFatal } = settings;
  const { opsAddress = '' } = settings;
  const environment = { env: process.env, argv: [] };
  const security = await openSecurity(readConfig(securitySettings, environment), log);
  requireSafeAddress('gRPC address', settings.grpcAddress, security);
  requireSafeAddress('HTTP address', settings.httpAddress, security);
  const telemetry = stack.use(
    await startTelemetry({
      service: 'lethe',
      version: letheVersion,
      env: process.env,
      scraped: opsAddress !== '',
    }),
  );
  const bus = stack.use(new TracedBus(await SqliteBus.open({ file: layout.bus })));
  const store = stack.use(new TracedStore(await FolderStore.open(layout.store)));
  await requireConformance(store);
  const lineage = new LineageStore(store, new BlobStore(store, { cacheFolder: layout.cache }));
  const clock = systemClock;
  const keys = KeyRing.open(layout.keys, clock.now());
  const registryConfig = readConfig(registrySettings, environment);
  const legalClocks = legalClocksOf(registryConfig);
  const unlearnerConfig = readConfig(unlearnerSettings, environment);
  const evaluatorConfig = readConfig(evaluatorSettings, environment);
  const compute = (stage: 'unlearner' | 'evaluator') => {
    const limits = workerLimitsOf(stage === 'unlearner' ? unlearnerConfig : evaluatorConfig);
    const onDeath = (reason: string) => workerDied(log, stage, reason);
    const backend = { prefer: settings.backend };
    const processOf = stack.use(new ComputeProcess({ backend, ...limits, onDeath }));
    stack.use(observeWorkers(stage, () => processOf.usage()));
    return processOf;
  };

  const services: LetheService[] = [];
  const add = <Service extends LetheService>(service: Service): Service => {
    services.push(stack.use(service));
    return service;
  };
  const console = consoleOf(registryConfig, settings.consoleAddress ?? '');
  const registry = add(
    createRegistryService({
      bus,
      lineage,
      projectionFile: layout.registry,
      keys,
      retention: retentionOf(registryConfig),
      fourEyes: registryConfig.fourEyes,
      callbacks: await callbacksOf(registryConfig),
      legalClocks,
      ...(console === undefined ? {} : { console }),
      security,
      clock,
      log: log.child({ service: 'registry' }),
      onFatal,
    }),
  );
  add(
    createEvaluatorService({
      bus,
      lineages: lineage,
      compute: compute('evaluator'),
      policy: readPolicy(settings.policyYaml ?? ''),
      heldKey: await makeHeldKey(join(layout.keys, 'held.key')),
      config: evaluatorConfig,
      clock,
      log: log.child({ service: 'evaluator' }),
      onFatal,
    }),
  );
  add(
    createUnlearnerService({
      bus,
      lineages: lineage,
      compute: compute('unlearner'),
      config: {
        ...unlearnerConfig,
        maxBatch: settings.maxBatch,
        maxWaitMs: settings.maxWaitMs,
        seed: settings.seed,
        ...(settings.ladder === undefined ? {} : { ladder: settings.ladder }),
      },
      clock,
      log: log.child({ service: 'unlearner' }),
      onFatal,
    }),
  );
  const ingest = add(
    createIngestService({
      bus,
      lineage,
      indexFile: layout.ingest,
      httpAddress: settings.httpAddress,
      defaultEmitter: 'default',
      sources: EmitterSources.read(settings.intakeSources ?? ''),
      onFatal,
      security,
      keys,
      legalClocks,
      clock,
      log: log.child({ service: 'ingest' }),
    }),
  );
  if (opsAddress !== '') {
    const readiness = () => leastReady(services);
    const ops = stack.use(await serveOps({ address: opsAddress, readiness, telemetry }));
    log.info('serving operators', { http: ops.address });
  }
  for (const service of services) {
    await service.start();
    stack.use(observeReady(service.name, () => wholeReadiness(service.readiness())));
  }
  const server = stack.use(
    await startGrpcServer({
      address: settings.grpcAddress,
      services: services.flatMap((service) => service.grpc),
      security,
      log,
    }),
  );
  const show = () => {
    for (const service of services) {
      showHealth(server, service, wholeReadiness(service.readiness()));
    }
  };
  const health = setInterval(show, healthEveryMs);
  stack.defer(() => clearInterval(health));
  show();

  return {
    grpcAddress: server.address,
    httpAddress: ingest.httpAddress() ?? '',
    consoleAddress: registry.consoleAddress() ?? '',
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
}

/** Ready when all are and work gets on; else the first that is not, by name. */
function leastReady(services: readonly LetheService[]): Readiness {
  for (const service of services) {
    const state = service.readiness();
    if (state.kind !== 'ready') return { ...state, reason: `${service.name}: ${state.reason}` };
  }
  return wholeReadiness({ kind: 'ready' });
}
