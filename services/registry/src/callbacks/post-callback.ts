/**
 * One POST to somebody else's server, as carefully as that needs (OWASP SSRF prevention):
 *
 * 1. The address that is connected to is the one that was judged: names are resolved once, by our
 *    own lookup, which gives the connection only addresses that are allowed. A name that resolves
 *    to something else a moment later (DNS rebinding) changes nothing.
 * 2. No redirect is followed, no proxy is used, no answer is read.
 * 3. It ends within its time, whatever the other side does.
 */
import { type LookupAddress, lookup } from 'node:dns';
import { readFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { AddressPolicy } from './address-policy.ts';
import type { CallbackTarget } from './callback-targets.ts';

export interface CallbackMessage {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

export type CallbackOutcome =
  | { readonly kind: 'delivered'; readonly httpStatus: number }
  | {
      readonly kind: 'failed';
      /** One or a few words for metrics, from a closed set. */
      readonly reason: 'address_refused' | 'unreachable' | 'timeout' | 'answer';
      /** One sentence; holds no path and no query of the URL. */
      readonly problem: string;
      /** 0: nobody answered. */
      readonly httpStatus: number;
      /** What the receiver asked for (Retry-After). */
      readonly retryAfterMs?: number;
    };

export interface PostOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Resolves names; for tests. */
  readonly resolve?: typeof lookup;
}

/** Never throws: what went wrong is data. */
export async function postCallback(
  target: CallbackTarget,
  message: CallbackMessage,
  options: PostOptions,
): Promise<CallbackOutcome> {
  const { url, addresses } = target;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && !isAllowed(addresses, host, url)) {
    return failed('address_refused', `${host} may not be called`);
  }
  try {
    const ca = target.caFile === undefined ? undefined : await readFile(target.caFile, 'utf8');
    return await post(target, message, options, ca);
  } catch (thrown) {
    return failed('unreachable', `it cannot be called: ${nameOf(thrown)}`);
  }
}

function post(
  { url, addresses }: CallbackTarget,
  { body, headers }: CallbackMessage,
  { timeoutMs, signal, resolve = lookup }: PostOptions,
  ca: string | undefined,
): Promise<CallbackOutcome> {
  return new Promise((settle) => {
    const timeout = AbortSignal.timeout(timeoutMs);
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = send(url, {
      method: 'POST',
      // A connection of its own, so that its address is judged, and nothing is left open.
      agent: false,
      lookup: allowedLookup(addresses, url, resolve),
      maxHeaderSize: 16_384,
      signal: AbortSignal.any([signal, timeout]),
      headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
      ...(ca === undefined ? {} : { ca }),
    });
    request.once('socket', (socket) => {
      socket.once('connect', () => {
        const { remoteAddress = '' } = socket;
        if (!isAllowed(addresses, remoteAddress, url)) request.destroy(new RefusedAddress());
      });
    });
    request.once('response', (response) => {
      settle(outcomeOf(response.statusCode ?? 0, response.headers));
      // Nothing of the answer is read: it may be endless.
      response.destroy();
    });
    request.once('error', (thrown) => {
      if (thrown instanceof RefusedAddress) {
        settle(failed('address_refused', `${url.hostname} has no address that may be called`));
      } else if (timeout.aborted) {
        settle(failed('timeout', `no answer within ${timeoutMs} ms`));
      } else {
        settle(failed('unreachable', `it cannot be reached: ${nameOf(thrown)}`));
      }
    });
    request.end(body);
  });
}

class RefusedAddress extends Error {}

/** Plain http only goes where the operator said that it may. */
function isAllowed(addresses: AddressPolicy, address: string, { protocol }: URL): boolean {
  return protocol === 'https:' ? addresses.isAllowed(address) : addresses.isNamed(address);
}

function allowedLookup(addresses: AddressPolicy, url: URL, resolve: typeof lookup): LookupFunction {
  return (hostname, options, done) => {
    resolve(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
      if (error !== null) return done(error, '');
      const allowed = found.filter(({ address }) => isAllowed(addresses, address, url));
      const [first] = allowed;
      if (first === undefined) return done(new RefusedAddress(), '');
      if (options.all === true) return done(null, allowed);
      return done(null, first.address, first.family);
    });
  };
}

function outcomeOf(httpStatus: number, headers: IncomingHttpHeaders): CallbackOutcome {
  if (httpStatus >= 200 && httpStatus < 300) return { kind: 'delivered', httpStatus };
  const isRedirect = httpStatus >= 300 && httpStatus < 400;
  const problem = isRedirect
    ? `it answered ${httpStatus}; redirects are not followed`
    : `it answered ${httpStatus}`;
  const seconds = Number(headers['retry-after']);
  return {
    kind: 'failed',
    reason: 'answer',
    problem,
    httpStatus,
    ...(seconds > 0 ? { retryAfterMs: seconds * 1000 } : {}),
  };
}

function failed(
  reason: (CallbackOutcome & { kind: 'failed' })['reason'],
  problem: string,
): CallbackOutcome {
  return { kind: 'failed', reason, problem, httpStatus: 0 };
}

/** Messages of Node may hold addresses and paths; codes do not. */
function nameOf(thrown: unknown): string {
  const { code, name } = thrown as NodeJS.ErrnoException;
  return code ?? name;
}
