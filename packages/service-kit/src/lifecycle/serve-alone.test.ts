import { credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { IngestServiceService, LetheError } from '@lethe/contracts';
import { protoPath } from 'grpc-health-check';
import { expect, it } from 'vitest';
import { implementService } from '../grpc/implement-service.ts';
import { silentLog } from '../log/log.ts';
import { openOnLoopback } from '../security/wire-security.ts';
import type { Readiness } from './lethe-service.ts';
import { ResourceStack } from './resource-stack.ts';
import { serveAlone } from './serve-alone.ts';

/** A service whose start fails for as long as `trouble` is there. */
function serviceWith(trouble: () => LetheError | undefined) {
  let state: Readiness = { kind: 'not-ready', reason: 'not started' };
  return {
    name: 'any',
    grpc: [],
    async start() {
      const error = trouble();
      if (error !== undefined) throw error;
      state = { kind: 'ready' };
    },
    readiness: () => state,
    async [Symbol.asyncDispose]() {},
  };
}

function serve(trouble: () => LetheError | undefined) {
  const stop = new AbortController();
  const stack = new ResourceStack();
  let readiness = (): Readiness => ({ kind: 'not-ready', reason: '' });
  const served = serveAlone(serviceWith(trouble), {
    context: { signal: stop.signal, stack, env: {}, argv: [], fail: () => {} },
    grpcAddress: '127.0.0.1:0',
    security: openOnLoopback,
    log: silentLog,
    onReadiness: (ask) => {
      readiness = ask;
    },
  });
  return { served, stop, stack, readiness: () => readiness() };
}

it('waits for a store that goes away while it starts, and says why', async () => {
  let trouble: LetheError | undefined = new LetheError('unavailable', 'the store is away');
  const { served, stop, stack, readiness } = serve(() => trouble);
  await expect.poll(readiness).toEqual({ kind: 'not-ready', reason: 'the store is away' });
  trouble = undefined;
  await expect.poll(readiness).toEqual({ kind: 'ready' });
  stop.abort();
  await served;
  await stack[Symbol.asyncDispose]();
});

it('ends at trouble that no waiting heals', async () => {
  const { served } = serve(() => new LetheError('precondition', 'a topic has other partitions'));
  await expect(served).rejects.toMatchObject({ code: 'precondition' });
});

it('ends when it is told to while it waits', async () => {
  const { served, stop, readiness } = serve(() => new LetheError('unavailable', 'away'));
  await expect.poll(readiness).toMatchObject({ reason: 'away' });
  stop.abort();
  await expect(served).rejects.toMatchObject({ code: 'cancelled' });
});

it('says through gRPC health that it is stuck, for as long as it is', async () => {
  let state: Readiness = { kind: 'ready' };
  let address = '';
  const nothing = async () => {
    throw new LetheError('internal', 'not part of this test');
  };
  const stop = new AbortController();
  const stack = new ResourceStack();
  const served = serveAlone(
    {
      name: 'ingest',
      grpc: [
        implementService(IngestServiceService, {
          submitDeletion: nothing,
          submitDeletions: nothing,
        }),
      ],
      async start() {},
      readiness: () => state,
      async [Symbol.asyncDispose]() {},
    },
    {
      context: { signal: stop.signal, stack, env: {}, argv: [], fail: () => {} },
      grpcAddress: '127.0.0.1:0',
      security: openOnLoopback,
      log: {
        ...silentLog,
        info: (message, fields) => {
          if (message === 'serving') address = String(fields?.['grpc']);
        },
      },
    },
  );
  await expect.poll(() => address).not.toBe('');
  // biome-ignore lint/suspicious/noExplicitAny: a client made from a .proto file at run time
  const loaded: any = loadPackageDefinition(loadSync(protoPath, { enums: String }));
  const client = new loaded.grpc.health.v1.Health(address, credentials.createInsecure());
  const health = () =>
    new Promise((resolve) =>
      client.check({ service: '' }, (error: Error | null, answer: { status: string }) =>
        resolve(error?.message ?? answer.status),
      ),
    );
  expect(await health()).toBe('SERVING');
  state = { kind: 'not-ready', reason: 'a record has been handled for an hour' };
  await expect.poll(health).toBe('NOT_SERVING');
  state = { kind: 'ready' };
  await expect.poll(health).toBe('SERVING');
  client.close();
  stop.abort();
  await served;
  await stack[Symbol.asyncDispose]();
});
