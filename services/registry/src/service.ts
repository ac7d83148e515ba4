import { AuditLog } from '@lethe/audit-log';
import type { MessageBus, OutgoingRecord } from '@lethe/bus';
import {
  allTopics,
  CallbackServiceService,
  DeadLetterServiceService,
  EvidenceServiceService,
  RegistryServiceService,
  ReleaseServiceService,
  RequestServiceService,
} from '@lethe/contracts';
import { type KeyRing, signStatement } from '@lethe/evidence';
import type { LineageStore } from '@lethe/lineage';
import {
  type Clock,
  defaultLegalClocks,
  implementService,
  type LegalClocks,
  type LetheService,
  type Log,
  type Readiness,
  ResourceStack,
  systemClock,
  type WireSecurity,
} from '@lethe/service-kit';
import { sendCallbacks } from './callbacks/callbacks.ts';
import type { CallbackSettings } from './callbacks/deliver.ts';
import { DeliveryStore } from './callbacks/delivery-store.ts';
import { ChangeFeed } from './console/change-feed.ts';
import { type ConsoleOptions, serveConsole } from './console/serve-console.ts';
import { AuditTail } from './console/views/audit-tail.ts';
import { ModelHistory } from './console/views/history-view.ts';
import { AuditedResolutionLog } from './dead-letters/audited-resolution-log.ts';
import { DeadLetterAlarm } from './dead-letters/dead-letter-alarm.ts';
import { DeadLetterDesk } from './dead-letters/dead-letter-desk.ts';
import { DeadLetterIndex } from './dead-letters/dead-letter-index.ts';
import { followDeadLetters } from './dead-letters/follow-dead-letters.ts';
import { StoreResolutionLog } from './dead-letters/resolution-log.ts';
import { Recorder } from './evidence/recorder.ts';
import { callbackHandlers } from './handlers/callback-handlers.ts';
import { deadLetterHandlers } from './handlers/dead-letter-handlers.ts';
import { evidenceHandlers } from './handlers/evidence-handlers.ts';
import { registryHandlers } from './handlers/registry-handlers.ts';
import { releaseHandlers } from './handlers/release-handlers.ts';
import { requestHandlers } from './handlers/request-handlers.ts';
import { maintain, type Retention } from './maintenance.ts';
import { observeRegistry } from './metrics/observe-registry.ts';
import { followVerdicts } from './promotion/follow-verdicts.ts';
import { Promoter } from './promotion/promoter.ts';
import { undecidedVerdicts } from './promotion/sweep.ts';
import { ObservedServers } from './release/observed-servers.ts';
import { Rollbacks } from './release/rollback.ts';
import { ServingHistory } from './release/serving-history.ts';
import { projectStatuses } from './requests/project-statuses.ts';
import { ProjectionCurrency } from './requests/projection-currency.ts';
import { RequestProjection } from './requests/request-projection.ts';
import { seedPointers } from './serving/seed-pointers.ts';
import { ServingBoard } from './serving/serving-board.ts';

export interface RegistryDependencies {
  readonly bus: MessageBus;
  readonly lineage: LineageStore;
  /**
   * SQLite file with the state of every request; made when missing. Beside it lies one with the
   * dead letters, `…-dead-letters.sqlite`.
   */
  readonly projectionFile: string;
  /** Keys that sign evidence. */
  readonly keys: KeyRing;
  readonly retention: Retention;
  /** Rollbacks need a second person. */
  readonly fourEyes?: boolean;
  /** Default: UTC, and GDPR's clock for other laws. */
  readonly legalClocks?: LegalClocks;
  /** Whom to call about requests; default: nobody. */
  readonly callbacks?: CallbackSettings | undefined;
  /** Where people look at all of it with a browser; without it there is no console. */
  readonly console?: ConsoleOptions;
  /** What protects the console. Default: plaintext for everybody, on this machine only. */
  readonly security?: WireSecurity;
  readonly log: Log;
  readonly onFatal: (error: Error) => void;
  readonly clock?: Clock;
}

export interface RegistryService extends LetheService {
  /** The address that the console is served on, once started. */
  consoleAddress(): string | undefined;
}

/** The registry service. Bus and lineage stay the caller's to close. */
export function createRegistryService(dependencies: RegistryDependencies): RegistryService {
  const { bus, lineage, log, clock = systemClock } = dependencies;
  const stack = new ResourceStack();
  const projection = stack.use(RequestProjection.open(dependencies.projectionFile));
  const deadLetters = stack.use(DeadLetterIndex.open(beside(dependencies.projectionFile)));
  const alarm = new DeadLetterAlarm({ index: deadLetters, clock, log });
  const feed = new ChangeFeed();
  const board = new ServingBoard(lineage, clock, (modelKey) =>
    feed.announce({ kind: 'model', modelKey }),
  );
  const { keys, retention, fourEyes = false, legalClocks = defaultLegalClocks } = dependencies;
  const auditLog = stack.use(
    new AuditLog({
      store: lineage.store,
      sign: (make) => signStatement(make(keys.issueTime(clock.now())), keys.signer(clock.now())),
      onTrouble: (error) => log.warn('the audit log is behind with its upkeep', { error }),
    }),
  );
  const onNote = () => feed.announce({ kind: 'audit-log' });
  const recorder = new Recorder({ lineage, keys, auditLog, clock, onNote });
  const resolutions = new AuditedResolutionLog(new StoreResolutionLog(lineage.store), recorder);
  const desk = new DeadLetterDesk({ index: deadLetters, resolutions, bus, clock, log });
  const promoter = new Promoter({ lineage, board, recorder, clock, log });
  const publish = (records: readonly OutgoingRecord[]) => bus.publish(records);
  const rollbacks = new Rollbacks({ lineage, board, recorder, clock, log, fourEyes, publish });
  const history = new ServingHistory(lineage, board);
  const servers = new ObservedServers(board, clock);
  const deliveries = new DeliveryStore(lineage.store);
  const purgesDue = new Map<string, number>();
  const closing = new AbortController();
  const currency = new ProjectionCurrency({ bus, projection, clock });
  const context = { lineage, board, projection, deadLetters, clock };
  const isPurgeDue = (decided: Date) =>
    clock.now().getTime() - decided.getTime() > retention.weightsMs;
  const release = releaseHandlers({
    ...context,
    history,
    rollbacks,
    servers,
    recorder,
    isPurgeDue,
  });
  const request = requestHandlers({ ...context, currency, recorder, legalClocks, publish });
  const evidence = evidenceHandlers({
    ...context,
    keys,
    auditLog,
    currency,
  });
  const letters = deadLetterHandlers({ index: deadLetters, desk });
  const calls = callbackHandlers({ ...context, deliveries, publish });
  let consoleAddress: string | undefined;
  let state: Readiness = { kind: 'not-ready', reason: 'not started' };
  const onFatal = (error: Error) => {
    state = { kind: 'not-ready', reason: error.message };
    dependencies.onFatal(error);
  };

  /** What {@link sweep} decided and is to be told, also when a start failed in between. */
  const owed: OutgoingRecord[] = [];

  async function start(): Promise<void> {
    await bus.ensureTopics(allTopics);
    await sweep();
    if (owed.length > 0) await bus.publish(owed);
    stack.use(
      await followVerdicts(bus, {
        promoter,
        onModel: (modelKey) => feed.announce({ kind: 'model', modelKey }),
        ...{ clock, log, onFatal },
      }),
    );
    stack.use(
      await projectStatuses(bus, projection, {
        currency,
        clock,
        log,
        onFatal,
        onModel: (modelKey) => feed.announce({ kind: 'requests', modelKey }),
      }),
    );
    stack.use(
      await followDeadLetters(bus, {
        index: deadLetters,
        alarm,
        log,
        onFatal,
        onChange: () => feed.announce({ kind: 'dead-letters' }),
      }),
    );
    stack.use(observeRegistry({ projection, currency, deadLetters, lineage, purgesDue, clock }));
    const { callbacks } = dependencies;
    if (callbacks !== undefined) {
      const onChange = () => feed.announce({ kind: 'callbacks' });
      const parts = { deliveries, keys, clock, log, onFatal, onChange };
      stack.use(await sendCallbacks(bus, { ...callbacks, ...parts }));
    }
    await openConsole();
    const background = [
      seedPointers({ lineage, board, clock, log }, closing.signal),
      alarm.remind(closing.signal),
      maintain(
        {
          lineage,
          auditLog,
          recorder,
          rollbacks,
          projection,
          publish,
          clock,
          log,
          retention,
          currency,
          keys,
          deliveries,
          onPurgeDue: (modelKey, count) => void purgesDue.set(modelKey, count),
        },
        closing.signal,
      ),
    ];
    stack.defer(async () => {
      closing.abort();
      await Promise.all(background);
    });
    state = { kind: 'ready' };
  }

  async function openConsole(): Promise<void> {
    if (dependencies.console === undefined) return;
    const { security } = dependencies;
    const server = await serveConsole(dependencies.console, {
      context: {
        ...context,
        history,
        servers,
        modelHistory: new ModelHistory({ lineage, board, isPurgeDue }),
        auditTail: new AuditTail(auditLog),
        release,
        request,
        evidence,
        letters,
        callbacks: calls,
        deliveries,
        hasCallbacks: dependencies.callbacks !== undefined,
      },
      feed,
      secret: keys.requestDigestKey(),
      fourEyes,
      ...(security === undefined ? {} : { security }),
      log,
    });
    stack.use(server);
    consoleAddress = server.address;
    log.info('serving the console', {
      url: `${security?.tls === undefined ? 'http' : 'https'}://${server.address}`,
    });
  }

  /** Gives every model its first pointer, and ends what was judged and never decided. */
  async function sweep(): Promise<void> {
    for (const modelKey of await lineage.models()) {
      for (const verdict of await undecidedVerdicts(lineage, board, modelKey)) {
        owed.push(...(await promoter.settle(verdict)));
      }
    }
  }

  return {
    name: 'registry',
    consoleAddress: () => consoleAddress,
    grpc: [
      implementService(RegistryServiceService, registryHandlers(context)),
      implementService(ReleaseServiceService, release),
      implementService(RequestServiceService, request),
      implementService(EvidenceServiceService, evidence),
      implementService(CallbackServiceService, calls),
      implementService(DeadLetterServiceService, letters),
    ],
    start,
    readiness: () => state,
    async [Symbol.asyncDispose]() {
      state = { kind: 'not-ready', reason: 'closing' };
      await stack[Symbol.asyncDispose]();
    },
  };
}

function beside(projectionFile: string): string {
  return `${projectionFile.replace(/\.sqlite$/, '')}-dead-letters.sqlite`;
}
