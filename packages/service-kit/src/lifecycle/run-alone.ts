import type { MessageBus } from '@lethe/bus';
import { BlobStore, type ObjectStore } from '@lethe/store';
import { startTelemetry, type TelemetryOptions } from '@lethe/telemetry';
import { awaitConformance } from '../await-conformance.ts';
import { systemClock } from '../clock.ts';
import { configHelp, wantsHelp } from '../config/config-help.ts';
import type { ConfigOf, ConfigTable } from '../config/config-table.ts';
import { readConfig } from '../config/read-config.ts';
import type { sharedSettings } from '../config/shared-settings.ts';
import { createLog } from '../log/create-log.ts';
import type { Log } from '../log/log.ts';
import { openBus } from '../open-bus.ts';
import { openStore } from '../open-store.ts';
import { serveOps } from '../ops/serve-ops.ts';
import { openSecurity, requireSafeAddress, type WireSecurity } from '../security/wire-security.ts';
import { TracedBus } from '../traced/traced-bus.ts';
import { TracedStore } from '../traced/traced-store.ts';
import { letheVersion } from '../version.ts';
import { WatchedStore } from '../watched-store.ts';
import type { LetheService } from './lethe-service.ts';
import { requireNode } from './require-node.ts';
import { runService, type ServiceContext } from './run-service.ts';
import { serveAlone } from './serve-alone.ts';
import { waitingFor } from './waiting-for.ts';
import { whenReachable } from './when-reachable.ts';

/** What a service that runs alone is made from; all of it is closed after the service. */
export interface Surroundings<Table extends ConfigTable> {
  readonly context: ServiceContext;
  readonly config: ConfigOf<Table>;
  readonly log: Log;
  /** For what the service listens on beside gRPC. */
  readonly security: WireSecurity;
  readonly bus: MessageBus;
  /** Its conditional writes have been tried and hold. */
  readonly store: ObjectStore;
  /** Blobs of `store`, kept as files in the cache folder. */
  readonly blobs: BlobStore;
}

/** One of the four services as a program of its own. */
export interface LoneProgram<Table extends ConfigTable> {
  /** Name in the log, for example `registry`. */
  readonly name: string;
  /** What it does, for `--help`: the rest of a sentence that its name begins. */
  readonly purpose: string;
  /** Its own settings and those that every service has. */
  readonly settings: Table & typeof sharedSettings;
  create(surroundings: Surroundings<Table>): LetheService | Promise<LetheService>;
}

/**
 * The whole of a service's `main.ts`: `--help`, configuration, log, bus, store and its
 * conformance, the service, gRPC, and the end of all of it in reverse order. A bus or a store that
 * does not answer yet is waited for, and operators are told so.
 */
export async function runAlone<Table extends ConfigTable>(
  program: LoneProgram<Table>,
): Promise<void> {
  const { name, purpose, settings } = program;
  await runService(async (context) => {
    if (wantsHelp(context.argv)) {
      process.stdout.write(configHelp(`Lethe ${name}: ${purpose}`, settings));
      return;
    }
    requireNode(process.versions.node);
    const shared = readConfig<typeof sharedSettings>(settings, context);
    const log = createLog({ service: name, level: shared.logLevel, format: shared.logFormat });
    const security = await openSecurity(shared, log);
    requireSafeAddress('gRPC address', shared.grpcAddress, security);
    const telemetry = context.stack.use(await startTelemetry(telemetryOf(name, shared, context)));
    let readiness = waitingFor(`the message bus ${shared.bus}`);
    if (shared.opsAddress !== '') {
      const options = { address: shared.opsAddress, readiness: () => readiness(), telemetry };
      const ops = context.stack.use(await serveOps(options));
      log.info('serving operators', { http: ops.address });
    }
    const opened = await whenReachable(() => openBus(shared, log), {
      signal: context.signal,
      onTrouble: (error) => {
        readiness = () => ({ kind: 'not-ready', reason: error.message });
        log.warn('waiting for the message bus', { error });
      },
    });
    const bus = context.stack.use(new TracedBus(opened));
    const watched = new WatchedStore(await openStore(shared));
    const store = context.stack.use(new TracedStore(watched));
    const trying = waitingFor(`the object store ${shared.store}`);
    readiness = () => {
      const away = watched.interruption();
      return away === undefined ? trying() : { kind: 'not-ready', reason: away.message };
    };
    await awaitConformance(store, { log, clock: systemClock, signal: context.signal });
    const blobs = new BlobStore(store, { cacheFolder: shared.cache });
    // `shared` was read by the whole table: it holds the service's own settings too.
    const config = shared as ConfigOf<typeof sharedSettings> & ConfigOf<Table>;
    const service = await program.create({ context, config, log, security, bus, store, blobs });
    await serveAlone(service, {
      context,
      grpcAddress: shared.grpcAddress,
      security,
      log,
      interruption: () => opened.interruption?.() ?? watched.interruption(),
      onReadiness: (ask) => {
        readiness = ask;
      },
    });
  });
}

function telemetryOf(
  name: string,
  shared: ConfigOf<typeof sharedSettings>,
  { env }: ServiceContext,
): TelemetryOptions {
  return {
    service: `lethe-${name}`,
    version: letheVersion,
    env,
    scraped: shared.opsAddress !== '',
  };
}
