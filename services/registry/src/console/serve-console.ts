/**
 * The console over HTTP: the page, its API, its stream of changes.
 *
 * Invariants:
 * 1. Every call of the API passes the guard with a method of the table of roles, before its body is read.
 * 2. Nothing is changed for a call that another site could have made.
 * 3. Every answer carries the headers that keep the page to itself.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Change, type Hello, loadConsolePage, type Session } from '@lethe/console';
import { isLoopback, LetheError } from '@lethe/contracts';
import {
  type Credentials,
  type HttpServer,
  httpCredentials,
  type Log,
  letheVersion,
  localCall,
  openOnLoopback,
  reportRefusal,
  requireSafeAddress,
  serveHttp,
  type WireSecurity,
} from '@lethe/service-kit';
import { measure } from '@lethe/telemetry';
import type { ChangeFeed } from './change-feed.ts';
import { consoleRoutes } from './console-routes.ts';
import { Fields } from './fields.ts';
import { readBody, send, sendFile, sendJson, sendProblem } from './http-answers.ts';
import { matchRoute } from './match-route.ts';
import { requireOwnHost, requireSameSite } from './require-same-site.ts';
import type { ConsoleContext } from './routes/route.ts';
import { Sessions } from './sessions.ts';
import { sessionView } from './views/session-view.ts';

export interface ConsoleOptions {
  /** `HOST:PORT`; port 0 takes a free one. */
  readonly address: string;
  /** How long somebody who signed in stays so. */
  readonly sessionMs: number;
  /** Address of a trace with `{trace_id}` in it; empty: pages link to none. */
  readonly traceUrl: string;
}

export interface ConsoleDeps {
  readonly context: ConsoleContext;
  readonly feed: ChangeFeed;
  /** A secret of this installation. */
  readonly secret: Uint8Array;
  readonly fourEyes: boolean;
  /** Default: plaintext for everybody, on this machine only. */
  readonly security?: WireSecurity;
  readonly log: Log;
}

/** After this long without a change a stream says that it is there, and asks again who listens. */
const heartbeatMs = 10_000;
/** Beside {@link consoleRoutes}. */
const ownRoutes = new Set(['/api/session', '/api/session/end', '/api/changes']);
const everybody = { service: 'lethe.v1.EvidenceService', name: 'getKeySet' };
const watchers = { service: 'lethe.v1.RegistryService', name: 'listRequests' };

/** @throws LetheError `invalid`, `precondition` naming the address */
export async function serveConsole(
  options: ConsoleOptions,
  deps: ConsoleDeps,
): Promise<HttpServer> {
  const { context, feed, fourEyes, log, security = openOnLoopback } = deps;
  const { guard } = security;
  requireSafeAddress('console address', options.address, security);
  const host = options.address.slice(0, options.address.lastIndexOf(':'));
  const isOwnHostOnly = guard.isOpen && isLoopback(host);
  const page = loadConsolePage();
  const closing = new AbortController();
  const sessions = new Sessions({
    secret: deps.secret,
    lifetimeMs: options.sessionMs,
    isSecure: security.tls !== undefined,
  });
  const headers = {
    'content-security-policy': page.contentSecurityPolicy,
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=()',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  };

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    const url = new URL(request.url ?? '/', 'http://console');
    if (isOwnHostOnly) requireOwnHost(request.headers);
    if (!url.pathname.startsWith('/api/')) return sendPage(request, response, url.pathname);
    response.setHeader('cache-control', 'no-store');
    if (request.method === 'POST') requireSameSite(request.headers);
    switch (`${request.method} ${url.pathname}`) {
      case 'GET /api/session':
        return sendJson(response, await sessionOf(request));
      case 'POST /api/session':
        return await signIn(request, response);
      case 'POST /api/session/end':
        response.setHeader('set-cookie', sessions.end());
        return sendJson(response, {});
      case 'GET /api/changes':
        return await sendChanges(request, response);
      default:
        return await callRoute(request, response, url);
    }
  };

  /** A session of the browser, unless the caller shows something else. */
  const credentialsOf = (request: IncomingMessage): Credentials => {
    const shown = httpCredentials(request);
    if (shown.authorization !== undefined) return shown;
    const token = sessions.token(request.headers.cookie, context.clock.now());
    return token === undefined ? shown : { ...shown, authorization: `Bearer ${token}` };
  };

  const sessionOf = async (request: IncomingMessage): Promise<Session> => {
    const about = {
      fourEyes,
      traceUrl: options.traceUrl,
      version: letheVersion,
      page: page.digest,
    };
    const identity = await guard.admit(everybody, credentialsOf(request)).catch((thrown) => {
      if (LetheError.from(thrown).code === 'unauthenticated') return undefined;
      throw thrown;
    });
    return { ...sessionView(identity), ...about };
  };

  const signIn = async (request: IncomingMessage, response: ServerResponse) => {
    const token = (await readBody(request)).text('token').trim();
    await guard.admit(everybody, { authorization: `Bearer ${token}` });
    response.setHeader('set-cookie', sessions.begin(token, context.clock.now()));
    sendJson(response, {});
  };

  const callRoute = async (request: IncomingMessage, response: ServerResponse, url: URL) => {
    const found = matchRoute(
      consoleRoutes,
      request.method ?? '',
      url.pathname.slice('/api'.length),
    );
    if (found === undefined) {
      throw new LetheError('not_found', `there is no ${request.method} ${url.pathname}`);
    }
    const { route, path } = found;
    const identity = await guard.admit(route.rpc, credentialsOf(request));
    const body = route.method === 'POST' ? await readBody(request) : Fields.none;
    const call = localCall(route.path, {
      identity,
      signal: closing.signal,
      headers: textHeaders(request),
    });
    const startedMs = performance.now();
    const answer = await route.answer(context, { path, query: url.searchParams, body, call });
    measure('http.server.request.duration', (performance.now() - startedMs) / 1000, {
      'http.request.method': route.method,
      'http.route': `/api${route.path}`,
      'http.response.status_code': 200,
    });
    send(response, answer);
  };

  /** Server-sent events (WHATWG HTML, 9.2) for as long as the caller may see them. */
  const sendChanges = async (request: IncomingMessage, response: ServerResponse) => {
    await guard.admit(watchers, credentialsOf(request));
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const signal = AbortSignal.any([closing.signal, gone.signal]);
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    const hello: Hello = { page: page.digest };
    response.write(`retry: 1000\nevent: hello\ndata: ${JSON.stringify(hello)}\n\n`);
    let admittedMs = performance.now();
    for await (const changes of feed.watch(signal, heartbeatMs)) {
      if (performance.now() - admittedMs >= heartbeatMs) {
        admittedMs = performance.now();
        try {
          await guard.admit(watchers, credentialsOf(request));
        } catch {
          response.write('event: expired\ndata: {}\n\n');
          break;
        }
      }
      response.write(changes.length === 0 ? ': here\n\n' : changes.map(eventOf).join(''));
    }
    response.end();
  };

  const sendPage = (request: IncomingMessage, response: ServerResponse, path: string) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      throw new LetheError('not_found', `there is no ${request.method} ${path}`);
    }
    if (!path.startsWith('/assets/')) {
      response.setHeader('cache-control', 'no-cache');
      return sendFile(request, response, page.html);
    }
    const file = page.files.get(path);
    if (file === undefined) throw new LetheError('not_found', 'this file is of another version');
    response.setHeader('cache-control', 'public, max-age=31536000, immutable');
    sendFile(request, response, file);
  };

  const fail = (request: IncomingMessage, response: ServerResponse, thrown: unknown) => {
    const error = LetheError.from(thrown);
    const route = routeOf(request);
    reportRefusal(log, route, error);
    if (error.code === 'internal' || error.code === 'corrupt') {
      log.error('call of the console failed', { route, error: thrown });
    }
    sendProblem(response, error);
  };

  const server = await serveHttp({
    what: 'console address',
    address: options.address,
    tls: security.tls,
    handle: (request, response) => {
      handle(request, response).catch((thrown) => fail(request, response, thrown));
    },
  });
  return {
    address: server.address,
    async [Symbol.asyncDispose]() {
      closing.abort();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** The route's pattern: what was asked for may hold anything. */
function routeOf({ method = '', url = '' }: IncomingMessage): string {
  const path = url.split('?')[0] ?? '';
  if (ownRoutes.has(path)) return path;
  const found = matchRoute(consoleRoutes, method, path.slice('/api'.length));
  return found === undefined ? '(none)' : `/api${found.route.path}`;
}

function textHeaders({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value] as const] : [],
    ),
  );
}

function eventOf(change: Change): string {
  return `event: change\ndata: ${JSON.stringify(change)}\n\n`;
}
