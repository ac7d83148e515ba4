import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MinioStore, type MinioStoreOptions } from '../src/minio-store.ts';

export interface S3Double extends AsyncDisposable {
  readonly store: MinioStore;
  /** What was asked, for example `PUT /lethe/a`. */
  readonly requests: readonly string[];
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server that answers as told, request by request (the last answer for all that follow). */
export async function s3Double(
  answers: readonly Answer[],
  options: Partial<MinioStoreOptions> = {},
): Promise<S3Double> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const answer = answers[Math.min(requests.length, answers.length - 1)] as Answer;
    requests.push(`${request.method} ${request.url}`);
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const store = new MinioStore({
    host: '127.0.0.1',
    port,
    tls: false,
    bucket: 'lethe',
    prefix: '',
    secrets: () => secrets,
    ...options,
  });
  return {
    store,
    requests,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      server.closeAllConnections();
      server.close();
    },
  };
}

const secrets = { accessKey: 'key', secretKey: 'secret' };

/** An answer in S3's words, after the request was read. */
export function s3Error(status: number, code: string, message = 'so it is'): Answer {
  return (request, response) => {
    request.resume().on('end', () => {
      response.writeHead(status, { 'content-type': 'application/xml' });
      response.end(`<Error><Code>${code}</Code><Message>${message}</Message></Error>`);
    });
  };
}

export function stored(etag: string): Answer {
  return (request, response) => {
    request.resume().on('end', () => response.writeHead(200, { etag: `"${etag}"` }).end());
  };
}

/** Announces `announced` bytes, sends `bytes`, and hangs up. */
export function truncated(bytes: string, announced: number): Answer {
  return (_, response) => {
    response.writeHead(200, { etag: '"e"', 'content-length': announced });
    response.write(bytes, () => response.destroy());
  };
}

export function whole(bytes: string): Answer {
  return (_, response) => {
    response.writeHead(200, { etag: '"e"', 'content-length': Buffer.byteLength(bytes) });
    response.end(bytes);
  };
}

/** Reads the request and says nothing. */
export const silence: Answer = (request) => {
  request.resume();
};

/** Reads the request and hangs up: nobody knows whether it was done. */
export const hangUp: Answer = (request, response) => {
  request.resume().on('end', () => response.destroy());
};
