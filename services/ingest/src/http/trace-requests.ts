import { beginSpan, measure, type OpenSpan, traceparentHeader } from '@lethe/telemetry';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** What asks whether intake is there says nothing about a request. */
const untraced = new Set(['/healthz', '/readyz']);

/** Makes a span of every request, in the trace of who sends it, and measures it. */
export function traceRequests(app: FastifyInstance): void {
  const spans = new WeakMap<FastifyRequest, OpenSpan>();
  app.addHook('onRequest', (request, _reply, done) => {
    const route = routeOf(request);
    if (!untraced.has(route)) {
      const traceparent = request.headers[traceparentHeader];
      const span = beginSpan(`${request.method} ${route}`, {
        kind: 'server',
        parent: { traceparent: typeof traceparent === 'string' ? traceparent : undefined },
        attributes: { 'http.request.method': request.method, 'http.route': route },
      });
      spans.set(request, span);
    }
    done();
  });
  // After the body has been read: from here on everything is called by this hook's `done`.
  app.addHook('preHandler', (request, _reply, done) => {
    const span = spans.get(request);
    if (span === undefined) done();
    else span.run(done);
  });
  app.addHook('onError', (request, _reply, error, done) => {
    spans.get(request)?.fail(error);
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const span = spans.get(request);
    span?.set({ 'http.response.status_code': reply.statusCode });
    span?.end();
    measure('http.server.request.duration', reply.elapsedTime / 1000, {
      'http.request.method': request.method,
      'http.route': routeOf(request),
      'http.response.status_code': reply.statusCode,
    });
    done();
  });
}

/** The route's pattern: what was asked for may hold anything. */
function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? '(none)';
}
