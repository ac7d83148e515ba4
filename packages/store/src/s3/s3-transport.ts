/**
 * How requests reach the server: few connections kept open, every wait bounded, every one ended
 * when the store closes.
 *
 * minio-js tries an answer like 503 again by itself: it prints to the console, forgets what the
 * server said and leaves the answer unread, which keeps the connection taken for good. It cannot be
 * told not to; so such an answer is handed on under a number that it does not know as one of those.
 */
import http from 'node:http';
import https from 'node:https';

export interface TransportOptions {
  readonly tls: boolean;
  /** PEM of the authorities that sign the server's certificate; default: the system's. */
  readonly ca: string | undefined;
  readonly maxConnections: number;
  /** How long a connection may say nothing. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** What minio-js wants of `http` or `https`; it always calls it with options and a callback. */
export type S3Transport = Pick<typeof http, 'request'>;

/** minio-js retries these (dist/esm/internal/request.mjs, 8.0.7). */
const retriedByLibrary = new Set([408, 429, 499, 500, 502, 503, 504, 520]);
const notRetriedByLibrary = 599;

export function createTransport(options: TransportOptions): S3Transport & Disposable {
  const { tls, ca, maxConnections, timeoutMs, signal } = options;
  const agentOptions = { keepAlive: true, maxSockets: maxConnections, scheduling: 'lifo' as const };
  const agent = tls
    ? new https.Agent({
        ...agentOptions,
        minVersion: 'TLSv1.2',
        ...(ca === undefined ? {} : { ca }),
      })
    : new http.Agent(agentOptions);
  const { request } = tls ? https : http;
  function send(
    given: http.RequestOptions,
    onResponse: (response: http.IncomingMessage) => void,
  ): http.ClientRequest {
    const sent = request({ ...given, agent, signal }, (response) => {
      if (!tls && isAnswerOfTls(response)) {
        const error = new Error('it answers that it wants TLS');
        sent.emit('error', Object.assign(error, { code: 'TLS_WANTED' }));
        sent.destroy();
        return;
      }
      if (retriedByLibrary.has(response.statusCode ?? 0)) nameTheCode(response);
      onResponse(response);
    });
    sent.setTimeout(timeoutMs, () => {
      const error = new Error(`it said nothing for ${timeoutMs} ms`);
      sent.destroy(Object.assign(error, { code: 'ETIMEDOUT' }));
    });
    return sent;
  }
  return {
    request: send as S3Transport['request'],
    [Symbol.dispose]: () => agent.destroy(),
  };
}

/** What Go's servers say when TLS was expected: a line of text without any header. */
function isAnswerOfTls({ statusCode, headers }: http.IncomingMessage): boolean {
  return (
    statusCode === 400 && headers['content-type'] === undefined && !headers['x-amz-request-id']
  );
}

/** An answer without a body is known by its number alone, which is about to be lost. */
function nameTheCode(response: http.IncomingMessage): void {
  const status = response.statusCode;
  response.statusCode = notRetriedByLibrary;
  response.headers['x-minio-error-code'] ??= status === 503 ? 'SlowDown' : `HTTP ${status}`;
  response.headers['x-minio-error-desc'] ??= 'the server has trouble';
}
