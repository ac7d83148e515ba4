import { once } from 'node:events';
import { observe } from '@lethe/telemetry';
import { type GrpcServer, startGrpcServer } from '../grpc/server.ts';
import type { Log } from '../log/log.ts';
import type { WireSecurity } from '../security/wire-security.ts';
import { collectGarbage } from './collect-garbage.ts';
import type { LetheService, Readiness } from './lethe-service.ts';
import type { ServiceContext } from './run-service.ts';
import { waitingFor } from './waiting-for.ts';
import { whenReachable } from './when-reachable.ts';
import { wholeReadiness } from './whole-readiness.ts';

const healthEveryMs = 1_000;

/**
 * Starts one service, serves its gRPC methods, and returns when the signal has come. What goes away
 * while it starts is waited for.
 */
export async function serveAlone(
  service: LetheService,
  options: {
    context: ServiceContext;
    grpcAddress: string;
    security: WireSecurity;
    log: Log;
    /** Why what the service stands on is away, where that is so. */
    interruption?: () => Error | undefined;
    /** Told how to ask whether all of it is ready. */
    onReadiness?: (readiness: () => Readiness) => void;
  },
): Promise<void> {
  const { context, log, interruption = () => undefined } = options;
  let trouble: Error | undefined;
  const starting = waitingFor('message bus and object store, to start,');
  let hasStarted = false;
  const readiness = (): Readiness => {
    if (hasStarted) return wholeReadiness(service.readiness(), interruption());
    const away = trouble ?? interruption();
    return away === undefined ? starting() : { kind: 'not-ready', reason: away.message };
  };
  options.onReadiness?.(readiness);
  context.stack.use(service);
  await whenReachable(() => service.start(), {
    signal: context.signal,
    onTrouble: (error) => {
      trouble = error;
      log.warn('cannot start yet', { error });
    },
  });
  hasStarted = true;
  const server = context.stack.use(
    await startGrpcServer({
      address: options.grpcAddress,
      services: service.grpc,
      security: options.security,
      log,
    }),
  );
  context.stack.use(observeReady(service.name, readiness));
  let shown = readiness();
  const health = setInterval(() => {
    const now = readiness();
    if (now.kind !== shown.kind) logChange(log, now);
    shown = now;
    showHealth(server, service, now);
  }, healthEveryMs);
  context.stack.defer(() => clearInterval(health));
  showHealth(server, service, shown);
  log.info('serving', { grpc: server.address });
  await collectGarbage();
  if (!context.signal.aborted) await once(context.signal, 'abort');
}

/** Makes the health service say of the service whether it is ready. */
export function showHealth(
  server: GrpcServer,
  service: Pick<LetheService, 'grpc'>,
  { kind }: Readiness,
): void {
  for (const { name } of service.grpc) server.setReady(name, kind === 'ready');
}

/** The gauge `lethe.ready` of a service, until the result is disposed of. */
export function observeReady(service: string, readiness: () => Readiness): Disposable {
  return observe('lethe.ready', () => [
    { value: readiness().kind === 'ready' ? 1 : 0, attributes: { service } },
  ]);
}

function logChange(log: Log, now: Readiness): void {
  if (now.kind === 'ready') log.info('ready again');
  else log.warn('not ready', { reason: now.reason });
}
