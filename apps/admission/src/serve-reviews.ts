import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import { LetheError } from '@lethe/contracts';
import { followTls, type Log, type ServerTls, type TlsMaterial } from '@lethe/service-kit';
import { continueTrace, count, traceparentHeader } from '@lethe/telemetry';
import { type Review, readReview } from './read-review.ts';
import { type Answer, writeAnswer } from './review-answer.ts';

/** Where the webhook is; also in `deploy/k8s/components/release-gate`. */
export const reviewPath = '/validate-release';

/** The API server takes objects of 3 MiB, and sends the one before as well. */
const maxBodyBytes = 8 * 2 ** 20;
/** Bodies that are held at once, all together: a pod has 384 MiB, and what is made of a body counts too. */
const defaultMaxHeldBytes = 64 * 2 ** 20;
const requestTimeoutMs = 10_000;
/** A review that has begun is answered within the time that the registry has. */
const drainMs = 5_000;

export interface ReviewServerOptions {
  /** `HOST:PORT`; port 0 takes a free one. */
  readonly address: string;
  readonly tls: ServerTls;
  readonly answer: (review: Review) => Promise<Answer>;
  /** What comes beyond is turned away unread, with Retry-After, which the API server follows. */
  readonly maxReviews: number;
  /** As for reviews, and also in the middle of one: their bodies together, bytes. Default: 64 MiB. */
  readonly maxHeldBytes?: number;
  readonly log: Log;
}

export interface ReviewServer extends AsyncDisposable {
  /** `HOST:PORT` with the port that was taken. */
  readonly address: string;
}

/**
 * Answers AdmissionReviews over HTTPS. Disposed of, it answers what it has begun and takes no more.
 *
 * @throws LetheError `precondition` when the address cannot be taken
 */
export async function serveReviews(options: ReviewServerOptions): Promise<ReviewServer> {
  const { address, tls } = options;
  const load = { reviews: 0, bytes: 0 };
  const server = createServer(
    {
      ...contextOptions(await tls.files.current()),
      minVersion: 'TLSv1.2',
      requestTimeout: requestTimeoutMs,
    },
    (request, response) => {
      void handle(request, response, options, load);
    },
  );
  const follower = followTls(tls, (material) => server.setSecureContext(contextOptions(material)));
  const at = address.lastIndexOf(':');
  try {
    server.listen(Number(address.slice(at + 1)), address.slice(0, at).replace(/^\[|\]$/g, ''));
    await once(server, 'listening');
  } catch (cause) {
    follower[Symbol.dispose]();
    const message = `address ${address} cannot be taken: ${LetheError.from(cause).message}. Choose another, or port 0 for a free one.`;
    throw new LetheError('precondition', message, { cause });
  }
  return {
    address: `${address.slice(0, at)}:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      follower[Symbol.dispose]();
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      // The API server holds connections open on which it may never ask again.
      const late = setTimeout(() => server.closeAllConnections(), drainMs);
      await closed.finally(() => clearTimeout(late));
    },
  };
}

interface Load {
  reviews: number;
  bytes: number;
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  options: ReviewServerOptions,
  load: Load,
): Promise<void> {
  const { maxReviews, maxHeldBytes = defaultMaxHeldBytes, log } = options;
  if (request.url?.split('?')[0] !== reviewPath || request.method !== 'POST') {
    turnAway(request, response, 404, `there is POST ${reviewPath}`);
    return;
  }
  const isFull = () => load.bytes > maxHeldBytes;
  if (load.reviews >= maxReviews || isFull()) {
    tellBusy(request, response, load);
    return;
  }
  load.reviews++;
  let held = 0;
  try {
    const body = await readBody(request, (bytes) => {
      held += bytes;
      load.bytes += bytes;
      return isFull();
    });
    if (body === undefined) {
      tellBusy(request, response, load);
      return;
    }
    const review = readReview(body);
    const traceparent = request.headers[traceparentHeader];
    const answer = await continueTrace(
      typeof traceparent === 'string' ? traceparent : undefined,
      async () => await options.answer(review),
    );
    tell(review, answer, log);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(writeAnswer(review.uid, answer));
  } catch (thrown) {
    const error = LetheError.from(thrown);
    count('lethe.admission.reviews', { outcome: 'unreadable' });
    log.warn('a review cannot be answered', { error });
    turnAway(request, response, error.code === 'capacity' ? 413 : 400, error.message);
  } finally {
    load.reviews--;
    load.bytes -= held;
  }
}

function tellBusy(request: IncomingMessage, response: ServerResponse, load: Load): void {
  count('lethe.admission.reviews', { outcome: 'busy' });
  response.setHeader('retry-after', '1');
  turnAway(request, response, 429, `${load.reviews} reviews are being answered. Try again`);
}

function tell({ what, subject }: Review, answer: Answer, log: Log): void {
  count('lethe.admission.reviews', { outcome: answer.kind });
  if (subject.kind === 'nothing-new') return;
  if (answer.kind === 'allowed') log.info('release allowed', { what, served: answer.served });
  else log.warn(`release ${answer.kind}`, { what, reason: answer.reason });
}

/** What has not been read is not waited for: the connection ends with the answer. */
function turnAway(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  text: string,
): void {
  if (!request.complete) response.setHeader('connection', 'close');
  response.writeHead(status, { 'content-type': 'text/plain' });
  response.end(`${text}\n`);
}

/**
 * Nothing when `onBytes` says that it is too much now.
 *
 * @throws LetheError `capacity` for one that is too long at any time
 */
async function readBody(
  request: IncomingMessage,
  onBytes: (bytes: number) => boolean,
): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (onBytes(chunk.length)) return undefined;
    if (size > maxBodyBytes) {
      throw new LetheError('capacity', `the review is larger than ${maxBodyBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function contextOptions({ certificate, privateKey }: TlsMaterial): SecureContextOptions {
  return { cert: certificate, key: privateKey };
}
