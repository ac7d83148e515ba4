import {
  DeletionRequest,
  IngestServiceClient,
  IngestServiceService,
  LetheError,
  Receipt,
  RegistryServiceClient,
  RegistryServiceService,
  ServingPointer,
  SubmitDeletionsRequest,
} from '@lethe/contracts';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../log/log.ts';
import type { CallContext } from './call-context.ts';
import { connect } from './connect.ts';
import { type GrpcService, type Handlers, implementService } from './implement-service.ts';
import { startGrpcServer } from './server.ts';

type IngestHandlers = Handlers<typeof IngestServiceService>;
type RegistryHandlers = Handlers<typeof RegistryServiceService>;

const notHere = async () => {
  throw new LetheError('internal', 'not part of this test');
};

function ingest(handlers: Partial<IngestHandlers>): GrpcService {
  return implementService(IngestServiceService, {
    submitDeletion: notHere,
    submitDeletions: notHere,
    ...handlers,
  });
}

function registry(handlers: Partial<RegistryHandlers>): GrpcService {
  return implementService(RegistryServiceService, {
    listModels: notHere,
    getServing: notHere,
    getRequest: notHere,
    listRequests: notHere,
    async *watchServing() {},
    ...handlers,
  });
}

async function serve(service: GrpcService, options: { drainMs?: number } = {}) {
  return await startGrpcServer({
    address: '127.0.0.1:0',
    services: [service],
    log: silentLog,
    maxMessageBytes: 64 * 1024,
    ...options,
  });
}

const request = DeletionRequest.fromPartial({ requestId: 'r1', modelKey: 'm' });

describe('a gRPC server', () => {
  it('answers a unary call, and the handler sees headers', async () => {
    await using server = await serve(
      ingest({
        submitDeletion: async ({ requestId }, call) =>
          Receipt.fromPartial({ requestId, emitter: call.header('x-lethe-emitter') ?? '' }),
      }),
    );
    await using client = connect(IngestServiceClient, server.address);
    const receipt = await client.submitDeletion(request, {
      headers: { 'x-lethe-emitter': 'shop' },
    });
    expect(receipt).toMatchObject({ requestId: 'r1', emitter: 'shop' });
  });

  it('carries code, message and violations of a LetheError to the caller', async () => {
    const thrown = LetheError.invalid(
      'scope',
      {},
      'is empty',
      'Name a subject, samples or a class.',
    );
    await using server = await serve(
      ingest({
        submitDeletion: async () => {
          throw thrown;
        },
      }),
    );
    await using client = connect(IngestServiceClient, server.address);
    const error = await client.submitDeletion(request).catch((caught) => caught);
    expect(error).toBeInstanceOf(LetheError);
    expect(error).toMatchObject({
      code: 'invalid',
      message: thrown.message,
      violations: thrown.violations,
    });
  });

  it('keeps codes apart that share a gRPC status, and many violations within header limits', async () => {
    const violations = Array.from({ length: 500 }, (_, at) => ({
      field: `scope.samples.ids[${at}]`,
      value: 'x',
      description: 'is unknown',
      remedy: 'Look it up.',
    }));
    await using server = await serve(
      ingest({
        submitDeletion: async () => {
          throw new LetheError('fenced', 'x'.repeat(100_000), { violations });
        },
      }),
    );
    await using client = connect(IngestServiceClient, server.address);
    const error = await client.submitDeletion(request).catch((caught) => caught);
    expect(error.code).toBe('fenced');
    expect(error.violations.length).toBeGreaterThan(5);
    expect(error.violations[0]).toEqual(violations[0]);
  });

  it('refuses a message over the limit with its size, and goes on serving', async () => {
    await using server = await serve(
      ingest({ submitDeletion: async () => Receipt.fromPartial({}) }),
    );
    await using client = connect(IngestServiceClient, server.address);
    const large = DeletionRequest.fromPartial({ requestId: 'x'.repeat(100 * 1024 * 1024) });
    const error = await client.submitDeletion(large).catch((caught) => caught);
    expect(error.code).toBe('capacity');
    expect(error.message).toMatch(/1048576\d\d bytes, at most 65536/);
    expect(await client.submitDeletion(request)).toBeDefined();
  });

  it('calls bytes that are no message the caller’s mistake', async () => {
    await using server = await serve(ingest({}));
    const broken = {
      ...IngestServiceService,
      submitDeletion: {
        ...IngestServiceService.submitDeletion,
        requestSerialize: () => Buffer.from([0x0a, 0xff]),
      },
    };
    const BrokenClient = Object.assign(class extends IngestServiceClient {}, {
      service: broken,
      serviceName: 'lethe.v1.IngestService',
    });
    await using client = connect(BrokenClient, server.address);
    await expect(client.submitDeletion(request)).rejects.toMatchObject({ code: 'invalid' });
  });

  it('aborts the handler at the deadline and tells the caller', async () => {
    const { promise: aborted, resolve } = Promise.withResolvers<unknown>();
    let hasArrived = false;
    await using server = await serve(
      ingest({
        submitDeletions: (_, call) => {
          hasArrived = true;
          call.signal.addEventListener('abort', () => resolve(call.signal.reason));
          return new Promise(() => {});
        },
      }),
    );
    await using client = connect(IngestServiceClient, server.address);
    const all = SubmitDeletionsRequest.fromPartial({});
    // On a busy machine the time may be over before the call is there: then it is given more.
    for (let timeoutMs = 50; !hasArrived; timeoutMs *= 2) {
      await expect(client.submitDeletions(all, { timeoutMs })).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining('deadline'),
      });
    }
    expect(await aborted).toBeInstanceOf(LetheError);
  });

  it('streams, and ends the handler when the reader leaves', async () => {
    const { promise: left, resolve } = Promise.withResolvers<void>();
    async function* watchServing(_: unknown, { signal }: CallContext) {
      signal.addEventListener('abort', () => resolve());
      for (let generation = 1; ; generation++) {
        yield ServingPointer.fromPartial({ generation });
        await new Promise((turn) => setTimeout(turn, 1));
      }
    }
    await using server = await serve(registry({ watchServing }));
    await using client = connect(RegistryServiceClient, server.address);
    const seen: number[] = [];
    for await (const { generation } of client.watchServing({ modelKey: 'm', afterGeneration: 0 })) {
      seen.push(generation);
      if (generation === 3) break;
    }
    expect(seen).toEqual([1, 2, 3]);
    await left;
  });

  it('ends a call that is cancelled while it waits for the connection', async () => {
    const called: string[] = [];
    async function* watchServing() {
      called.push('watchServing');
      yield ServingPointer.fromPartial({ generation: 1 });
      await new Promise(() => {});
    }
    const submitDeletion = async () => {
      called.push('submitDeletion');
      return Receipt.fromPartial({});
    };
    await using one = await serve(registry({ watchServing }));
    await using other = await serve(ingest({ submitDeletion }));
    await using streams = connect(RegistryServiceClient, one.address);
    await using calls = connect(IngestServiceClient, other.address);
    const abort = new AbortController();
    const read = async () => {
      const moves = { modelKey: 'm', afterGeneration: 0 };
      for await (const _ of streams.watchServing(moves, { signal: abort.signal }));
    };
    const both = [read(), calls.submitDeletion(request, { signal: abort.signal })];
    abort.abort();
    for (const call of both) await expect(call).rejects.toMatchObject({ code: 'cancelled' });
    expect(called).toEqual([]);
  });

  it('passes the error of a stream on', async () => {
    async function* watchServing() {
      yield ServingPointer.fromPartial({ generation: 1 });
      throw new LetheError('not_found', 'gone');
    }
    await using server = await serve(registry({ watchServing }));
    await using client = connect(RegistryServiceClient, server.address);
    const read = async () => {
      for await (const _ of client.watchServing({ modelKey: 'm', afterGeneration: 0 }));
    };
    await expect(read()).rejects.toMatchObject({ code: 'not_found', message: 'gone' });
  });

  it('lets a call under way finish when it closes', async () => {
    const { promise: mayFinish, resolve: finish } = Promise.withResolvers<void>();
    const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
    const server = await serve(
      ingest({
        submitDeletion: async () => {
          enter();
          await mayFinish;
          return Receipt.fromPartial({ requestId: 'finished' });
        },
      }),
    );
    await using client = connect(IngestServiceClient, server.address);
    const receipt = client.submitDeletion(request);
    await entered;
    const closed = server[Symbol.asyncDispose]();
    finish();
    expect((await receipt).requestId).toBe('finished');
    await closed;
  });

  it('ends streams when it closes, without waiting for them', async () => {
    async function* watchServing(_: unknown, { signal }: CallContext) {
      yield ServingPointer.fromPartial({ generation: 1 });
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    }
    const server = await serve(registry({ watchServing }), { drainMs: 3_600_000 });
    await using client = connect(RegistryServiceClient, server.address);
    const moves = client.watchServing({ modelKey: 'm', afterGeneration: 0 });
    const iterator = moves[Symbol.asyncIterator]();
    await iterator.next();
    const closed = server[Symbol.asyncDispose]();
    await expect(iterator.next()).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('closing'),
    });
    await closed;
  });

  it('says who is not there', async () => {
    await using client = connect(IngestServiceClient, '127.0.0.1:9', { waitForReadyMs: 100 });
    await expect(client.submitDeletion(request)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('127.0.0.1:9'),
    });
  });

  it('refuses an address that is taken, naming it', async () => {
    await using server = await serve(ingest({}));
    const second = startGrpcServer({
      address: server.address,
      services: [ingest({})],
      log: silentLog,
    });
    await expect(second).rejects.toMatchObject({
      code: 'precondition',
      message: expect.stringContaining(server.address),
    });
  });
});
