import type {
  Metadata,
  MethodDefinition,
  ServerUnaryCall,
  ServerWritableStream,
  ServiceDefinition,
  sendUnaryData,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { LetheError } from '@lethe/contracts';
import { beginSpan, traceparentHeader } from '@lethe/telemetry';
import type { Rpc } from '../security/call-guard.ts';
import type { CallContext } from './call-context.ts';
import { toGrpcFailure } from './grpc-errors.ts';
import { type CallRunner, credentialsOf, openCall } from './open-call.ts';

/** The parts of a generated method definition that types are read from. */
interface TypedMethod {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: the request type is inferred from it
  readonly requestSerialize: (value: any) => Buffer;
  readonly requestDeserialize: (bytes: Buffer) => unknown;
  // biome-ignore lint/suspicious/noExplicitAny: the response type is inferred from it
  readonly responseSerialize: (value: any) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => unknown;
}

export type TypedService = Readonly<Record<string, TypedMethod>>;
export type RequestOf<M extends TypedMethod> = ReturnType<M['requestDeserialize']>;
export type ResponseOf<M extends TypedMethod> = ReturnType<M['responseDeserialize']>;

/** One function per method: a promise for one response, an async iterable for a stream of them. */
export type Handlers<S extends TypedService> = {
  readonly [Name in keyof S]: (
    request: RequestOf<S[Name]>,
    call: CallContext,
  ) => S[Name]['responseStream'] extends true
    ? AsyncIterable<ResponseOf<S[Name]>>
    : Promise<ResponseOf<S[Name]>>;
};

/** A service that {@link startGrpcServer} can host. */
export interface GrpcService {
  /** Full name, for example `lethe.v1.IngestService`. */
  readonly name: string;
  readonly definition: ServiceDefinition;
  bind(runner: CallRunner): UntypedServiceImplementation;
}

type AnyHandler = (request: unknown, call: CallContext) => unknown;
/** A request as decoded, or why it could not be. */
type Decoded = { readonly request: unknown } | { readonly error: LetheError };

export function implementService<S extends TypedService>(
  service: S,
  handlers: Handlers<S>,
): GrpcService {
  const methods = Object.entries<TypedMethod>(service);
  const path = methods[0]?.[1].path ?? '/';
  const serviceName = path.slice(1, path.lastIndexOf('/'));
  return {
    name: serviceName,
    definition: Object.fromEntries(methods.map(([name, method]) => [name, tolerant(method)])),
    bind: (runner) =>
      Object.fromEntries(
        methods.map(([name, method]) => {
          const handler = handlers[name] as AnyHandler;
          const rpc = { service: serviceName, name };
          const bind = method.responseStream ? stream : unary;
          return [name, bind(rpc, handler, runner)];
        }),
      ),
  };
}

/** Bytes that are no such message are the caller's mistake; grpc-js would say INTERNAL. */
function tolerant(method: TypedMethod): MethodDefinition<unknown, unknown> {
  return {
    ...method,
    originalName: method.path.slice(method.path.lastIndexOf('/') + 1),
    requestDeserialize(bytes): Decoded {
      try {
        return { request: method.requestDeserialize(bytes) };
      } catch (cause) {
        const message = `the ${bytes.length} bytes sent to ${method.path} are not its request message. Check the version of the .proto files.`;
        return { error: new LetheError('invalid', message, { cause }) };
      }
    },
  };
}

function unary(rpc: Rpc, handler: AnyHandler, runner: CallRunner) {
  return (call: ServerUnaryCall<Decoded, unknown>, callback: sendUnaryData<unknown>): void => {
    const span = beginSpan(call.getPath().slice(1), {
      kind: 'server',
      parent: { traceparent: traceparentIn(call.metadata) },
      attributes: { 'rpc.system.name': 'grpc', 'rpc.method': call.getPath().slice(1) },
    });
    const handle = async () => {
      await using context = openCall(call, runner);
      try {
        const identity = await runner.admit(rpc, credentialsOf(call));
        if ('error' in call.request) throw call.request.error;
        const response = await Promise.race([
          handler(call.request.request, { ...context.call, identity }),
          context.ended,
        ]);
        callback(null, response);
      } catch (thrown) {
        span.fail(thrown);
        callback(toGrpcFailure(thrown));
        throw thrown;
      } finally {
        span.end();
      }
    };
    runner.run(call.getPath(), () => span.run(handle));
  };
}

function traceparentIn(metadata: Metadata): string | undefined {
  return metadata.get(traceparentHeader)[0]?.toString();
}

/** Streams last as long as somebody looks: they are no part of a trace. */
function stream(rpc: Rpc, handler: AnyHandler, runner: CallRunner) {
  return (call: ServerWritableStream<Decoded, unknown>): void => {
    runner.run(call.getPath(), async () => {
      await using context = openCall(call, {
        closing: runner.draining,
        defaultDeadlineMs: undefined,
      });
      try {
        const identity = await runner.admit(rpc, credentialsOf(call));
        if ('error' in call.request) throw call.request.error;
        const responses = handler(call.request.request, {
          ...context.call,
          identity,
        }) as AsyncIterable<unknown>;
        await sendAll(responses, call, context);
        call.end();
      } catch (thrown) {
        call.emit('error', toGrpcFailure(thrown));
        throw thrown;
      }
    });
  };
}

async function sendAll(
  responses: AsyncIterable<unknown>,
  call: ServerWritableStream<Decoded, unknown>,
  context: { readonly ended: Promise<never> },
): Promise<void> {
  const iterator = responses[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), context.ended]);
      if (next.done) return;
      if (!call.write(next.value)) {
        const drained = new Promise<void>((resolve) => call.once('drain', resolve));
        await Promise.race([drained, context.ended]);
      }
    }
  } finally {
    // Not awaited: a handler that ignores its signal must not hold the call open.
    iterator.return?.()?.catch(() => {});
  }
}
