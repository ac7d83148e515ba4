import {
  type CallOptions,
  type ChannelCredentials,
  type Client,
  type ClientOptions,
  credentials,
  Metadata,
} from '@grpc/grpc-js';
import { isLoopback, LetheError } from '@lethe/contracts';
import { activeTraceparent, traceparentHeader } from '@lethe/telemetry';
import { fromServiceError } from './grpc-errors.ts';
import type { RequestOf, ResponseOf, TypedService } from './implement-service.ts';

/** What ts-proto generates for a client. */
export interface ClientConstructor<S extends TypedService> {
  new (address: string, credentials: ChannelCredentials, options?: Partial<ClientOptions>): Client;
  readonly service: S;
  readonly serviceName: string;
}

export interface ClientCallOptions {
  readonly signal?: AbortSignal;
  /** Unary calls only. */
  readonly timeoutMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One method each: a promise of the response, or an async iterable of a stream. */
export type PromiseClient<S extends TypedService> = {
  readonly [Name in keyof S]: (
    request: RequestOf<S[Name]>,
    options?: ClientCallOptions,
  ) => S[Name]['responseStream'] extends true
    ? AsyncIterable<ResponseOf<S[Name]>>
    : Promise<ResponseOf<S[Name]>>;
} & AsyncDisposable;

export interface ConnectOptions {
  /** Default deadline of a unary call. Default 30 s. */
  readonly timeoutMs?: number;
  /** How long a call waits for the server to be reachable. Default 5 s. */
  readonly waitForReadyMs?: number;
  /** Sent with every call. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Without it, plaintext. */
  readonly tls?: ClientTls;
  /** Shown with every call; never in plaintext to another machine. */
  readonly token?: string;
}

/** PEM texts of a client. */
export interface ClientTls {
  /** Authorities that sign the server's certificate; default: those that Node knows. */
  readonly ca?: string | undefined;
  /** A certificate of the client, and its key. */
  readonly certificate?: string | undefined;
  readonly privateKey?: string | undefined;
}

interface Connection {
  readonly client: Client;
  readonly address: string;
  readonly options: Required<Omit<ConnectOptions, 'tls' | 'token'>> & Pick<ConnectOptions, 'tls'>;
}

const maxReceiveBytes = 64 * 1024 * 1024;

/**
 * A client of one service. Connects with the first call. Calls reject with the LetheError that
 * the server threw; `unavailable` when nothing answers at `address`.
 *
 * @throws LetheError `invalid` when a token would go to another machine in plaintext
 */
export function connect<S extends TypedService>(
  clientType: ClientConstructor<S>,
  address: string,
  options: ConnectOptions = {},
): PromiseClient<S> {
  const { tls, token, ...rest } = options;
  const connection: Connection = {
    address,
    client: new clientType(address, channelCredentials(tls), {
      'grpc.max_receive_message_length': maxReceiveBytes,
    }),
    options: {
      timeoutMs: 30_000,
      waitForReadyMs: 5_000,
      ...rest,
      headers: { ...rest.headers, ...authorization(address, options) },
      ...(tls && { tls }),
    },
  };
  const methods = Object.entries(clientType.service).map(([name, method]) => [
    name,
    method.responseStream
      ? (request: unknown, call: ClientCallOptions = {}) =>
          callStream(connection, method, request, call)
      : (request: unknown, call: ClientCallOptions = {}) =>
          callUnary(connection, method, request, call),
  ]);
  return {
    ...Object.fromEntries(methods),
    async [Symbol.asyncDispose]() {
      connection.client.close();
    },
  } as PromiseClient<S>;
}

function channelCredentials(tls: ClientTls | undefined): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure();
  const buffer = (text: string | undefined) => (text === undefined ? null : Buffer.from(text));
  return credentials.createSsl(buffer(tls.ca), buffer(tls.privateKey), buffer(tls.certificate));
}

function authorization(address: string, { tls, token }: ConnectOptions): Record<string, string> {
  if (token === undefined) return {};
  if (tls !== undefined || isLoopback(address.slice(0, address.lastIndexOf(':')))) {
    return { authorization: `Bearer ${token}` };
  }
  throw LetheError.invalid(
    'address',
    address,
    'is on another machine, without TLS: the token could be read on the way',
    'Use TLS.',
  );
}

async function callUnary(
  connection: Connection,
  method: TypedService[string],
  request: unknown,
  call: ClientCallOptions,
): Promise<unknown> {
  const deadline = Date.now() + (call.timeoutMs ?? connection.options.timeoutMs);
  await reachable(connection, deadline, call.signal);
  return await new Promise((resolve, reject) => {
    const clientCall = connection.client.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      metadataOf(connection, call),
      { deadline } satisfies CallOptions,
      (error, response) => {
        call.signal?.removeEventListener('abort', cancel);
        if (error) reject(fromServiceError(error, method.path));
        else resolve(response);
      },
    );
    const cancel = () => clientCall.cancel();
    call.signal?.addEventListener('abort', cancel, { once: true });
  });
}

async function* callStream(
  connection: Connection,
  method: TypedService[string],
  request: unknown,
  call: ClientCallOptions,
): AsyncGenerator<unknown> {
  await reachable(connection, Infinity, call.signal);
  const stream = connection.client.makeServerStreamRequest(
    method.path,
    method.requestSerialize,
    method.responseDeserialize,
    request,
    metadataOf(connection, call),
  );
  const cancel = () => stream.cancel();
  call.signal?.addEventListener('abort', cancel, { once: true });
  // A cancelled stream may report its end after the reader has left.
  stream.on('error', () => {});
  try {
    yield* stream;
  } catch (thrown) {
    throw fromServiceError(thrown, method.path);
  } finally {
    call.signal?.removeEventListener('abort', cancel);
    stream.cancel();
  }
}

/** Waits for the connection; a call that is cancelled before it is there is never made. */
async function reachable(
  { client, address, options }: Connection,
  deadline: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  throwIfAborted(signal);
  const until = Math.min(deadline, Date.now() + options.waitForReadyMs);
  await new Promise<void>((resolve, reject) => {
    client.waitForReady(until, (cause) => {
      if (cause === undefined || cause === null) return resolve();
      const message = options.tls
        ? `nothing answers over TLS at ${address}. Is it running there, with a certificate for that name that the given CA has signed?`
        : `nothing answers at ${address}. Is it running there, without TLS?`;
      reject(new LetheError('unavailable', message, { cause }));
    });
  });
  throwIfAborted(signal);
}

function metadataOf({ options }: Connection, call: ClientCallOptions): Metadata {
  const metadata = new Metadata();
  const traceparent = activeTraceparent();
  if (traceparent !== undefined) metadata.set(traceparentHeader, traceparent);
  for (const [name, value] of Object.entries({ ...options.headers, ...call.headers })) {
    metadata.set(name, value);
  }
  return metadata;
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new LetheError('cancelled', 'the call was cancelled');
}
