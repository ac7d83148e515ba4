import { AuditLog } from '@lethe/audit-log';
import type { Consumption, MessageBus, OutgoingRecord } from '@lethe/bus';
import {
  allTopics,
  CallbackServiceService,
  DeadLetterServiceService,
  EvidenceServiceService,
  ModelVerdict,
  RegistryServiceService,
  ReleaseServiceService,
  RequestServiceService,
  topics,
} from '@lethe/contracts';
import { type KeyRing, signStatement } from '@lethe/evidence';
import type { LineageStore } from '@lethe/lineage';
import {
  type Clock,
  consumeRecords,
  decodeEvent,
  defaultLegalClocks,
  done,
  implementService,
  type LegalClocks,
  type LetheService,
  type Log,
  type Readiness,
  ResourceStack,
  systemClock,
} from '@lethe/service-kit';
import { sendCallbacks } from './callbacks/callbacks.ts';
import type { CallbackSettings } from './callbacks/deliver.ts';
import { DeliveryStore } from './callbacks/delivery-store.ts';
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
import { Promoter } from './promotion/promoter.ts';
import { undecidedVerdicts } from './promotion/sweep.ts';
import { ObservedServers } from './release/observed-servers.ts';
import { Rollbacks } from './release/rollback.ts';
import { ServingHistory } from './release/serving-history.ts';
import { projectStatuses } from './requests/project-statuses.ts';
import { RequestProjection } from './requests/request-projection.ts';
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
  readonly log: Log;
  readonly onFatal: (error: Error) => void;
  readonly clock?: Clock;
}

/** How soon a newly registered model gets its first serving pointer, unless it is asked for. */
const seedEveryMs = 1_000;
/** A folder lists long logs slowly: where looking takes long, it is done less often. */
const maxSeedEveryMs = 8_000;

/** The registry service. Bus and lineage stay the caller's to close. */
export function createRegistryService(dependencies: RegistryDependencies): LetheService {
  const { bus, lineage, log, clock = systemClock } = dependencies;
  const stack = new ResourceStack();
  const projection = stack.use(RequestProjection.open(dependencies.projectionFile));
  const deadLetters = stack.use(DeadLetterIndex.open(beside(dependencies.projectionFile)));
  const alarm = new DeadLetterAlarm({ index: deadLetters, clock, log });
  const board = new ServingBoard(lineage, clock);
  const { keys, retention, fourEyes = false, legalClocks = defaultLegalClocks } = dependencies;
  const auditLog = stack.use(
    new AuditLog({
      store: lineage.store,
      sign: (make) => signStatement(make(keys.issueTime(clock.now())), keys.signer(clock.now())),
      onTrouble: (error) => log.warn('the audit log is behind with its upkeep', { error }),
    }),
  );
  const recorder = new Recorder({ lineage, keys, auditLog, clock });
  const resolutions = new AuditedResolutionLog(new StoreResolutionLog(lineage.store), recorder);
  const desk = new DeadLetterDesk({ index: deadLetters, resolutions, bus, clock, log });
  const promoter = new Promoter({ lineage, board, recorder, clock, log });
  const publish = (records: readonly OutgoingRecord[]) => bus.publish(records);
  const rollbacks = new Rollbacks({ lineage, board, recorder, clock, log, fourEyes, publish });
  const history = new ServingHistory(lineage, board);
  const servers = new ObservedServers(board, clock);
  const deliveries = new DeliveryStore(lineage.store);
  const closing = new AbortController();
  let state: Readiness = { kind: 'not-ready', reason: 'not started' };
  const onFatal = (error: Error) => {
    state = { kind: 'not-ready', reason: error.message };
    dependencies.onFatal(error);
  };

  async function start(): Promise<void> {
    await bus.ensureTopics(allTopics);
    const records = await sweep();
    if (records.length > 0) await bus.publish(records);
    stack.use(await consumeVerdicts());
    stack.use(await projectStatuses(bus, projection, { clock, log, onFatal }));
    stack.use(await followDeadLetters(bus, { index: deadLetters, alarm, log, onFatal }));
    const { callbacks } = dependencies;
    if (callbacks !== undefined) {
      const parts = { deliveries, keys, clock, log, onFatal };
      stack.use(await sendCallbacks(bus, { ...callbacks, ...parts }));
    }
    const background = [
      seedForever(),
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
          deliveries,
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

  function consumeVerdicts(): Promise<Consumption> {
    return consumeRecords(bus, {
      group: 'registry',
      topics: [topics.modelVerdict],
      stage: 'registry',
      handle: async (record) => done(await promoter.settle(decodeEvent(ModelVerdict, record))),
      log,
      onFatal,
      clock,
    });
  }

  /** Gives every model its first pointer, and ends what was judged and never decided. */
  async function sweep(): Promise<OutgoingRecord[]> {
    const records: OutgoingRecord[] = [];
    for (const modelKey of await lineage.models()) {
      for (const verdict of await undecidedVerdicts(lineage, board, modelKey)) {
        records.push(...(await promoter.settle(verdict)));
      }
    }
    return records;
  }

  async function seedForever(): Promise<void> {
    const seeded = new Set<string>();
    while (!closing.signal.aborted) {
      const sinceMs = performance.now();
      try {
        for (const modelKey of await lineage.models()) {
          if (!seeded.has(modelKey)) await board.current(modelKey);
          seeded.add(modelKey);
        }
      } catch (error) {
        log.warn('looking for new models failed', { error });
      }
      const tookMs = performance.now() - sinceMs;
      const pauseMs = Math.max(seedEveryMs, Math.min(100 * tookMs, maxSeedEveryMs));
      await clock.sleep(pauseMs, closing.signal).catch(() => {});
    }
  }

  const context = { lineage, board, projection, deadLetters, clock };
  return {
    name: 'registry',
    grpc: [
      implementService(RegistryServiceService, registryHandlers(context)),
      implementService(
        ReleaseServiceService,
        releaseHandlers({
          ...context,
          history,
          rollbacks,
          servers,
          recorder,
          keepMs: retention.weightsMs,
        }),
      ),
      implementService(
        RequestServiceService,
        requestHandlers({ ...context, recorder, legalClocks, publish }),
      ),
      implementService(EvidenceServiceService, evidenceHandlers({ ...context, keys, auditLog })),
      implementService(
        CallbackServiceService,
        callbackHandlers({ ...context, deliveries, publish }),
      ),
      implementService(DeadLetterServiceService, deadLetterHandlers({ index: deadLetters, desk })),
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
