import { LetheError, Receipt } from '@lethe/contracts';
import {
  type Log,
  openOnLoopback,
  type Readiness,
  reportRefusal,
  type WireSecurity,
} from '@lethe/service-kit';
import { type FastifyError, type FastifyInstance, type FastifyRequest, fastify } from 'fastify';
import { limits } from '../domain/limits.ts';
import { readJson, readText } from '../formats/json-body.ts';
import { emitterHeader } from '../handlers/ingest-handlers.ts';
import { reportDenied } from '../handlers/report-denied.ts';
import type { Intake } from '../intake.ts';
import { readDeletions, writeResults } from './batch.ts';
import { readCloudEvents } from './cloud-events.ts';
import { HttpCallers } from './http-callers.ts';
import { followCertificates, httpsOptions } from './https.ts';
import { discovery, openDsrReceipt, readOpenDsr } from './open-dsr.ts';
import { type Problem, problemContentType, problemOf } from './problem.ts';
import { traceRequests } from './trace-requests.ts';

export interface HttpOptions {
  readonly intake: Intake;
  readonly readiness: () => Readiness;
  readonly log: Log;
  /** TLS, and who may call. Default: plaintext for everybody. */
  readonly security?: WireSecurity;
}

/** How long a client may take to send a request. */
const requestTimeoutMs = 30_000;

/** The HTTP routes of intake; not listening yet. */
export async function createHttpApp(options: HttpOptions): Promise<FastifyInstance> {
  const { intake, readiness, log, security = openOnLoopback } = options;
  const callers = new HttpCallers(security.guard);
  const app = fastify({
    ...(await httpsOptions(security.tls)),
    logger: false,
    bodyLimit: limits.bodyBytes,
    requestTimeout: requestTimeoutMs,
    // A close waits for requests under way, not for clients that keep a connection open.
    forceCloseConnections: 'idle',
  });
  traceRequests(app);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body);
  });
  app.setNotFoundHandler((request, reply) => {
    const error = new LetheError('not_found', `there is no ${request.method} ${request.url}`);
    return reply.code(404).type(problemContentType).send(problemOf(error));
  });
  app.setErrorHandler<FastifyError>((thrown, request, reply) => {
    const problem = toProblem(thrown, request);
    // The route, not what the caller made of it: whoever is refused chooses no names.
    const route = request.routeOptions.url ?? 'unknown';
    reportRefusal(log, route, LetheError.from(thrown));
    if (problem.status === 401) reply.header('www-authenticate', 'Bearer');
    if (problem.status >= 500) log.error('request failed', { path: request.url, error: thrown });
    return reply.code(problem.status).type(problemContentType).send(problem);
  });

  app.get('/healthz', () => ({ status: 'alive' }));
  app.get('/readyz', (_request, reply) => {
    const state = readiness();
    return reply.code(state.kind === 'ready' ? 200 : 503).send(state);
  });

  if (security.tls !== undefined) followCertificates(app, security.tls);

  app.post('/v1/deletions', callers.required, async (request, reply) => {
    const body = readDeletions(contentType(request), bodyOf(request));
    if (body.kind === 'single') {
      const { receipt } = await intake.submit(
        body.request,
        emitterOf(request),
        callers.ownEmitter(request),
      );
      const signedReceipt = intake.sign([receipt]);
      return reply.code(202).send(Receipt.toJSON({ ...receipt, signedReceipt }));
    }
    const results = await intake.submitAll(
      body.requests,
      emitterOf(request),
      callers.ownEmitter(request),
    );
    reportDenied(log, request.url, results);
    const signed = await intake.signEach(results);
    return reply.type(body.contentType).send(writeResults(body, signed));
  });

  app.post('/cloudevents', callers.required, async (request, reply) => {
    const message = readCloudEvents(request.headers, bodyOf(request));
    const results = await intake.submitAll(
      message.requests,
      emitterOf(request),
      callers.ownEmitter(request),
    );
    reportDenied(log, request.url, results);
    const signed = await intake.signEach(results);
    const [first] = signed;
    if (message.kind === 'batch' || first === undefined) {
      return reply.send(writeResults({ kind: 'array' }, signed));
    }
    if (first.kind === 'error') throw first.error;
    return reply.code(202).send(Receipt.toJSON(first.receipt));
  });

  app.get('/opendsr/v1/discovery', () => discovery);
  app.post('/opendsr/v1/requests', callers.required, async (request, reply) => {
    const body = bodyOf(request);
    const { receipt } = await intake.submit(
      readOpenDsr(readJson(readText(body))),
      emitterOf(request),
      callers.ownEmitter(request),
    );
    const signedReceipt = intake.sign([receipt]);
    return reply.code(201).send(openDsrReceipt({ ...receipt, signedReceipt }, body));
  });
  return app;
}

function toProblem(thrown: FastifyError, request: FastifyRequest): Problem {
  if (thrown.statusCode === 413) return { ...problemOf(bodyTooLarge(request)), status: 413 };
  if (thrown.statusCode !== undefined && thrown.statusCode < 500) {
    const problem = problemOf(new LetheError('invalid', thrown.message));
    return { ...problem, status: thrown.statusCode };
  }
  return problemOf(LetheError.from(thrown));
}

function bodyTooLarge(request: FastifyRequest): LetheError {
  const length = request.headers['content-length'];
  return LetheError.invalid(
    'body',
    length === undefined ? 'unknown length' : `${length} bytes`,
    `has more than ${limits.bodyBytes} bytes`,
    'Send several smaller requests.',
  );
}

function contentType(request: FastifyRequest): string {
  return request.headers['content-type'] ?? '';
}

function bodyOf(request: FastifyRequest): Uint8Array {
  if (request.body instanceof Uint8Array) return request.body;
  throw LetheError.invalid('body', '', 'is missing', 'Send JSON with a content type.');
}

function emitterOf(request: FastifyRequest): string | undefined {
  const value = request.headers[emitterHeader];
  return typeof value === 'string' ? value : undefined;
}
