import type { MessageBus } from '@lethe/bus';
import { allTopics, IngestServiceService, parseEmitter } from '@lethe/contracts';
import { type KeyRing, publishKeySet } from '@lethe/evidence';
import type { LineageStore } from '@lethe/lineage';
import {
  type Clock,
  defaultLegalClocks,
  type GrpcService,
  implementService,
  type LegalClocks,
  type LetheService,
  type Log,
  openOnLoopback,
  type Readiness,
  ResourceStack,
  requireSafeAddress,
  systemClock,
  type WireSecurity,
} from '@lethe/service-kit';
import { ingestHandlers } from './handlers/ingest-handlers.ts';
import { createHttpApp } from './http/http-app.ts';
import { listen } from './http/listen.ts';
import { ReservationQueue } from './index/reservation-queue.ts';
import { SqliteRequestIndex } from './index/sqlite-request-index.ts';
import { Intake } from './intake.ts';
import { LineageModelCatalog } from './models/lineage-model-catalog.ts';
import { consumeEvents } from './topic/consume-events.ts';
import { EmitterSources } from './topic/emitter-sources.ts';

export interface IngestDependencies {
  readonly bus: MessageBus;
  /** Its blobs need a cache folder: training manifests are read as files. */
  readonly lineage: LineageStore;
  /** SQLite file of the requests taken in; made when missing. */
  readonly indexFile: string;
  /** `HOST:PORT`; without it there is no HTTP. */
  readonly httpAddress?: string;
  readonly defaultEmitter: string;
  /** Who sends the events of the intake topic. Default: their source is the emitter's name. */
  readonly sources?: EmitterSources;
  /** A failure to consume the intake topic that this process cannot recover from. */
  readonly onFatal?: (error: Error) => void;
  /** What protects HTTP. Default: plaintext for everybody, on this machine only. */
  readonly security?: WireSecurity;
  readonly keys: KeyRing;
  /** Default: UTC, and GDPR's clock for other laws. */
  readonly legalClocks?: LegalClocks;
  readonly log: Log;
  readonly clock?: Clock;
}

export interface IngestService extends LetheService {
  readonly intake: Intake;
  /** The address that HTTP is served on, once started. */
  httpAddress(): string | undefined;
}

const publishKeysEveryMs = 60_000;

/** The intake service. Bus and lineage stay the caller's to close. */
export function createIngestService(dependencies: IngestDependencies): IngestService {
  const { bus, lineage, log, clock = systemClock } = dependencies;
  const defaultEmitter = parseEmitter(dependencies.defaultEmitter, 'default emitter');
  const stack = new ResourceStack();
  const index = stack.use(SqliteRequestIndex.open(dependencies.indexFile));
  const models = stack.use(new LineageModelCatalog(lineage));
  const queue = stack.use(new ReservationQueue({ index, bus, clock, log }));
  const intake = new Intake({
    models,
    exclusions: lineage,
    queue,
    clock,
    defaultEmitter,
    keys: dependencies.keys,
    legalClocks: dependencies.legalClocks ?? defaultLegalClocks,
  });
  const grpc: GrpcService = implementService(IngestServiceService, ingestHandlers(intake, log));
  const closing = new AbortController();

  /** Rotations and revocations become known to whoever asks the registry for the keys. */
  async function publishForever(): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        await publishKeySet(lineage.store, dependencies.keys);
      } catch (error) {
        log.warn('the keys of receipts could not be published; it is tried again', { error });
      }
      await clock.sleep(publishKeysEveryMs, closing.signal).catch(() => {});
    }
  }

  let state: Readiness = { kind: 'not-ready', reason: 'not started' };
  let httpAddress: string | undefined;
  const onFatal = (error: Error) => {
    state = { kind: 'not-ready', reason: error.message };
    dependencies.onFatal?.(error);
  };
  return {
    name: 'ingest',
    grpc: [grpc],
    intake,
    httpAddress: () => httpAddress,
    readiness: () => state,
    async start() {
      await bus.ensureTopics(allTopics);
      const recovered = await queue.recover();
      if (recovered > 0) log.info('announced what was reserved before', { records: recovered });
      if (dependencies.httpAddress !== undefined) {
        const { security = openOnLoopback } = dependencies;
        requireSafeAddress('HTTP address', dependencies.httpAddress, security);
        const app = await createHttpApp({ intake, readiness: () => state, log, security });
        stack.defer(() => app.close());
        httpAddress = await listen(app, dependencies.httpAddress);
        log.info('serving', { http: httpAddress });
      }
      const publishing = publishForever();
      stack.defer(async () => {
        closing.abort();
        await publishing;
      });
      const sources = dependencies.sources ?? EmitterSources.byName;
      stack.use(await consumeEvents(bus, { intake, sources, log, clock, onFatal }));
      state = { kind: 'ready' };
    },
    async [Symbol.asyncDispose]() {
      state = { kind: 'not-ready', reason: 'closing' };
      await stack[Symbol.asyncDispose]();
    },
  };
}
