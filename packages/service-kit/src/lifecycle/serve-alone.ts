import { once } from 'node:events';
import type { Telemetry } from '@lethe/telemetry';
import { type GrpcServer, startGrpcServer } from '../grpc/server.ts';
import type { Log } from '../log/log.ts';
import { serveOps } from '../ops/serve-ops.ts';
import type { LetheService } from './lethe-service.ts';
import type { ServiceContext } from './run-service.ts';

const healthEveryMs = 1_000;

/** Starts one service, serves its gRPC methods, and returns when the signal has come. */
export async function serveAlone(
  service: LetheService,
  options: {
    context: ServiceContext;
    grpcAddress: string;
    /** Empty: nothing is served to operators. */
    opsAddress: string;
    telemetry: Telemetry;
    log: Log;
  },
): Promise<void> {
  const { context, log, telemetry } = options;
  if (options.opsAddress !== '') {
    const readiness = () => service.readiness();
    const ops = await serveOps({ address: options.opsAddress, readiness, telemetry });
    context.stack.use(ops);
    log.info('serving operators', { http: ops.address });
  }
  context.stack.use(service);
  await service.start();
  const server = context.stack.use(
    await startGrpcServer({ address: options.grpcAddress, services: service.grpc, log }),
  );
  const health = setInterval(() => showHealth(server, service), healthEveryMs);
  context.stack.defer(() => clearInterval(health));
  showHealth(server, service);
  log.info('serving', { grpc: server.address });
  if (!context.signal.aborted) await once(context.signal, 'abort');
}

/** Makes the health service say what the service says of itself. */
export function showHealth(server: GrpcServer, service: LetheService): void {
  const ready = service.readiness().kind === 'ready';
  for (const { name } of service.grpc) server.setReady(name, ready);
}
