import type { ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js';
import { LetheError } from '@lethe/contracts';
import type { Rpc } from '../security/call-guard.ts';
import type { Credentials } from '../security/identify.ts';
import type { Identity } from '../security/identity.ts';
import type { CallContext } from './call-context.ts';

/** What a server lends to its calls. */
export interface CallRunner {
  /** Aborted when no unary call may go on. */
  readonly closing: AbortSignal;
  /** Aborted at the beginning of a drain: streams would never end by themselves. */
  readonly draining: AbortSignal;
  readonly defaultDeadlineMs: number;
  /** Says who calls. @throws LetheError `unauthenticated` or `denied` */
  admit(rpc: Rpc, shown: Credentials): Promise<Identity>;
  /** Runs one call to its end, counts it as active meanwhile and logs how it ended. */
  run(method: string, work: () => Promise<void>): void;
}

interface OpenCall extends AsyncDisposable {
  readonly call: Omit<CallContext, 'identity'>;
  /** Rejects when nobody waits for the answer any more; never resolves. */
  readonly ended: Promise<never>;
}

type ServerCall = ServerUnaryCall<unknown, unknown> | ServerWritableStream<unknown, unknown>;

/** What a caller shows of itself; grpc-js gives certificates only that were verified. */
export function credentialsOf(call: ServerCall): Credentials {
  return {
    authorization: textHeader(call.metadata.get('authorization')[0]),
    certificate: call.getAuthContext()?.sslPeerCertificate,
  };
}

/** Longest delay of a Node timer. */
const maxTimerMs = 2 ** 31 - 1;

export function openCall(
  serverCall: ServerCall,
  options: { closing: AbortSignal; defaultDeadlineMs: number | undefined },
): OpenCall {
  const controller = new AbortController();
  const abort = (error: LetheError) => controller.abort(error);
  const deadline = deadlineOf(serverCall.getDeadline(), options.defaultDeadlineMs);
  const timer = deadline && startTimer(deadline, () => abort(tooLate(serverCall.getPath())));
  const onCancelled = () => abort(new LetheError('cancelled', 'the caller has gone'));
  const onClosing = () =>
    abort(new LetheError('unavailable', 'the server is closing. Send the request again.'));
  serverCall.on('cancelled', onCancelled);
  if (options.closing.aborted) onClosing();
  else options.closing.addEventListener('abort', onClosing, { once: true });
  return {
    call: {
      method: serverCall.getPath(),
      signal: controller.signal,
      deadline,
      header: (name) => textHeader(serverCall.metadata.get(name)[0]),
    },
    ended: rejectWhenAborted(controller.signal),
    async [Symbol.asyncDispose]() {
      clearTimeout(timer);
      serverCall.off('cancelled', onCancelled);
      options.closing.removeEventListener('abort', onClosing);
    },
  };
}

function deadlineOf(given: Date | number, defaultMs: number | undefined): Date | undefined {
  const ms = typeof given === 'number' ? given : given.getTime();
  if (Number.isFinite(ms)) return new Date(ms);
  return defaultMs === undefined ? undefined : new Date(Date.now() + defaultMs);
}

function startTimer(deadline: Date, onTime: () => void): NodeJS.Timeout {
  return setTimeout(onTime, Math.min(maxTimerMs, deadline.getTime() - Date.now())).unref();
}

function tooLate(method: string): LetheError {
  return new LetheError(
    'unavailable',
    `${method} did not finish before the deadline. It may have been done: ask again, with the same request id.`,
  );
}

function rejectWhenAborted(signal: AbortSignal): Promise<never> {
  const ended = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    if (signal.aborted) reject(signal.reason);
  });
  ended.catch(() => {});
  return ended;
}

function textHeader(value: string | Buffer | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
