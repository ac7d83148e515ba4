import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Telemetry } from '@lethe/telemetry';
import { type HttpServer, serveHttp } from '../http/serve-http.ts';
import type { Readiness } from '../lifecycle/lethe-service.ts';
import { stuckWork } from '../lifecycle/work-watch.ts';

export interface OpsOptions {
  /** `HOST:PORT`; port 0 takes a free one. */
  readonly address: string;
  readonly readiness: () => Readiness;
  readonly telemetry: Telemetry;
  /** Why the process should be replaced. Default: what its work watches say. */
  readonly stuck?: () => string | undefined;
}

/**
 * What operators and orchestrators ask, over plain HTTP: `/livez`, `/readyz` with its reason, and
 * `/metrics` in Prometheus' text format. Nothing here changes anything or names a person.
 *
 * @throws LetheError `precondition` when the address cannot be taken
 */
export async function serveOps(options: OpsOptions): Promise<HttpServer> {
  return await serveHttp({
    what: 'operations address',
    address: options.address,
    handle: (request, response) => answer(request, response, options),
  });
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
  { readiness, stuck = stuckWork }: OpsOptions,
): readonly [status: number, body: unknown] {
  if (method !== 'GET' && method !== 'HEAD')
    return [405, { error: 'only GET and HEAD are served' }];
  if (path === '/livez') {
    const reason = stuck();
    return reason === undefined ? [200, { status: 'alive' }] : [503, { status: 'stuck', reason }];
  }
  if (path === '/metrics') return [404, { error: 'no metrics are kept' }];
  if (path !== '/readyz') return [404, { error: 'there are /livez, /readyz and /metrics' }];
  const state = readiness();
  return [state.kind === 'ready' ? 200 : 503, state];
}
