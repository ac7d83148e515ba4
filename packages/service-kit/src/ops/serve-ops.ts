import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LetheError } from '@lethe/contracts';
import type { Telemetry } from '@lethe/telemetry';
import type { Readiness } from '../lifecycle/lethe-service.ts';

export interface OpsOptions {
  /** `HOST:PORT`; port 0 takes a free one. */
  readonly address: string;
  readonly readiness: () => Readiness;
  readonly telemetry: Telemetry;
}

export interface OpsServer extends AsyncDisposable {
  /** `HOST:PORT` with the port that was taken. */
  readonly address: string;
}

/**
 * What operators and orchestrators ask, over plain HTTP: `/livez`, `/readyz` with its reason, and
 * `/metrics` in Prometheus' text format. Nothing here changes anything or names a person.
 *
 * @throws LetheError `precondition` when the address cannot be taken
 */
export async function serveOps(options: OpsOptions): Promise<OpsServer> {
  const { address } = options;
  const at = address.lastIndexOf(':');
  const host = address.slice(0, at).replace(/^\[|\]$/g, '');
  const server = createServer((request, response) => answer(request, response, options));
  try {
    server.listen(Number(address.slice(at + 1)), host);
    await once(server, 'listening');
  } catch (cause) {
    throw new LetheError(
      'precondition',
      `operations address ${address} cannot be taken: ${LetheError.from(cause).message}. Choose another, or port 0 for a free one.`,
      { cause },
    );
  }
  const { port } = server.address() as AddressInfo;
  return {
    address: `${address.slice(0, at)}:${port}`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function answer(request: IncomingMessage, response: ServerResponse, options: OpsOptions): void {
  const path = request.url?.split('?')[0];
  const { serveMetrics } = options.telemetry;
  if (path === '/metrics' && serveMetrics !== undefined && request.method === 'GET') {
    serveMetrics(request, response);
    return;
  }
  const [status, body] = stateAt(path, request.method, options);
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}

function stateAt(
  path: string | undefined,
  method: string | undefined,
  { readiness }: OpsOptions,
): readonly [status: number, body: unknown] {
  if (method !== 'GET' && method !== 'HEAD')
    return [405, { error: 'only GET and HEAD are served' }];
  if (path === '/livez') return [200, { status: 'alive' }];
  if (path === '/metrics') return [404, { error: 'no metrics are kept' }];
  if (path !== '/readyz') return [404, { error: 'there are /livez, /readyz and /metrics' }];
  const state = readiness();
  return [state.kind === 'ready' ? 200 : 503, state];
}
