import { logVerbosity, Server, type ServerCredentials, setLogVerbosity } from '@grpc/grpc-js';
import { LetheError } from '@lethe/contracts';
import { HealthImplementation } from 'grpc-health-check';
import type { Log } from '../log/log.ts';
import {
  openOnLoopback,
  requireSafeAddress,
  type WireSecurity,
} from '../security/wire-security.ts';
import { ActiveCalls } from './active-calls.ts';
import type { GrpcService } from './implement-service.ts';
import { reflectionOf } from './reflection.ts';
import { serverCredentials } from './server-credentials.ts';

export interface GrpcServerOptions {
  /** `HOST:PORT`; port 0 takes a free one. */
  readonly address: string;
  readonly services: readonly GrpcService[];
  readonly log: Log;
  /** TLS, and who may call. Default: plaintext for everybody, on this machine only. */
  readonly security?: WireSecurity;
  /** Larger requests are refused with RESOURCE_EXHAUSTED. Default 8 MiB. */
  readonly maxMessageBytes?: number;
  /** For unary calls whose caller set none. Default 30 s. */
  readonly defaultDeadlineMs?: number;
  /** How long closing waits for calls under way. Default 5 s. */
  readonly drainMs?: number;
}

export interface GrpcServer extends AsyncDisposable {
  /** `HOST:PORT` with the port that was taken. */
  readonly address: string;
  readonly port: number;
  /** What the health service answers for `service`; the whole ('') is ready when all are. */
  setReady(service: string, ready: boolean): void;
}

const mebibyte = 1024 * 1024;
// It writes to the terminal by itself; what it has to say comes as errors, too.
setLogVerbosity(logVerbosity.NONE);

/** How long transports get to send what is written, once no call is active. */
const flushMs = 250;

/**
 * Hosts any number of services on one port, with health and reflection. Every service begins ready.
 *
 * Health and reflection are for everybody, also where calls need an identity.
 *
 * @throws LetheError `precondition` when the address cannot be taken; `invalid` when other machines
 *   could reach it unprotected
 */
export async function startGrpcServer(options: GrpcServerOptions): Promise<GrpcServer> {
  const { services, log, security = openOnLoopback, drainMs = 5_000 } = options;
  requireSafeAddress('gRPC address', options.address, security);
  const server = new Server({
    'grpc.max_receive_message_length': options.maxMessageBytes ?? 8 * mebibyte,
  });
  const calls = new ActiveCalls(log, security.guard, options.defaultDeadlineMs ?? 30_000);
  const names = services.map(({ name }) => name);
  const health = new HealthImplementation();
  health.addToServer(server);
  reflectionOf(names).addToServer(server);
  for (const service of services) server.addService(service.definition, service.bind(calls));

  const readyByName = new Map(names.map((name) => [name, true]));
  const publishHealth = () => {
    for (const [name, ready] of readyByName) health.setStatus(name, servingStatus(ready));
    health.setStatus('', servingStatus([...readyByName.values()].every(Boolean)));
  };
  publishHealth();

  const port = await bind(server, options.address, serverCredentials(security.tls));
  return {
    address: `${options.address.slice(0, options.address.lastIndexOf(':'))}:${port}`,
    port,
    setReady(service, ready) {
      readyByName.set(service, ready);
      publishHealth();
    },
    async [Symbol.asyncDispose]() {
      for (const name of names) readyByName.set(name, false);
      publishHealth();
      calls.stopStreams();
      await calls.idle(drainMs);
      calls.stopAll();
      await shutDown(server);
    },
  };
}

function bind(server: Server, address: string, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (cause, port) => {
      if (cause === null) return resolve(port);
      const message = `gRPC address ${address} cannot be taken: ${cause.message}. Choose another, or port 0 for a free one.`;
      reject(new LetheError('precondition', message, { cause }));
    });
  });
}

function servingStatus(ready: boolean): 'SERVING' | 'NOT_SERVING' {
  return ready ? 'SERVING' : 'NOT_SERVING';
}

function shutDown(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, flushMs);
    server.tryShutdown(() => {
      clearTimeout(force);
      resolve();
    });
  });
}
