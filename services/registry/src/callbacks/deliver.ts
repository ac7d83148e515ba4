import { type CallbackDelivery, CallbackState, type DeletionStatus } from '@lethe/contracts';
import { type KeyRing, requestStatusStatement, signStatement } from '@lethe/evidence';
import { type Clock, type Log, letheVersion } from '@lethe/service-kit';
import { count, inSpan, measure } from '@lethe/telemetry';
import type { CallbackTarget, CallbackTargets } from './callback-targets.ts';
import type { DeliveryStore, PendingName } from './delivery-store.ts';
import { type CallbackOutcome, postCallback } from './post-callback.ts';

/** Whom to call. */
export interface CallbackSettings {
  readonly targets: () => Promise<CallbackTargets>;
  /** Age after which a delivery is given up. */
  readonly giveUpMs: number;
}

export interface DeliverDeps extends CallbackSettings {
  readonly deliveries: DeliveryStore;
  readonly keys: KeyRing;
  readonly clock: Clock;
  readonly log: Log;
  readonly post?: typeof postCallback;
  /** Something was delivered, given up, or is to be tried again. */
  readonly onChange?: () => void;
}

export type DeliverOutcome =
  /** Delivered, given up, or gone: nothing is left to do. */
  | { readonly kind: 'ended'; readonly isAnswered: boolean }
  /** Not due yet, or failed: to be tried at that time. */
  | { readonly kind: 'again'; readonly dueMs: number; readonly hasFailed: boolean };

const timeoutMs = 10_000;
const firstRetryMs = 1_000;
const lastRetryMs = 3_600_000;
/** Media type of a DSSE envelope. */
const contentType = 'application/vnd.dsse.envelope.v1+json';

/** Waits double, from a second to an hour; a receiver may ask for more, within that. */
export function retryDelayMs(attempts: number, askedMs = 0): number {
  const doubled = firstRetryMs * 2 ** Math.min(attempts - 1, 20);
  return Math.min(lastRetryMs, Math.max(doubled, askedMs));
}

/**
 * One attempt at a pending delivery: signed, sent, and what came of it written down.
 *
 * @throws LetheError of the store: nothing is known then, try again
 */
export async function deliver(
  deps: DeliverDeps,
  name: PendingName,
  signal: AbortSignal,
): Promise<DeliverOutcome> {
  const { deliveries, clock } = deps;
  const delivery = await deliveries.pending(name);
  if (delivery === undefined) return { kind: 'ended', isAnswered: false };
  const nextMs = delivery.nextAttemptTime?.getTime() ?? 0;
  if (nextMs > clock.now().getTime()) return { kind: 'again', dueMs: nextMs, hasFailed: false };
  // Whoever wrote the end may have died before this was deleted.
  if ((await deliveries.end(name.id)) !== undefined) {
    await deliveries.deletePending(name);
    return { kind: 'ended', isAnswered: false };
  }
  const outcome = await send(deps, delivery, signal);
  // Somebody else owns it now, or the process ends: they send it again, under the same id.
  if (signal.aborted && outcome.kind === 'failed') return { kind: 'ended', isAnswered: false };
  return await writeDown(deps, name, delivery, outcome);
}

async function send(
  deps: DeliverDeps,
  delivery: CallbackDelivery,
  signal: AbortSignal,
): Promise<CallbackOutcome> {
  const target = (await deps.targets()).get(delivery.emitter);
  if (target === undefined) {
    const problem = 'no callback is configured for its emitter any more';
    return { kind: 'failed', reason: 'unreachable', problem, httpStatus: 0 };
  }
  return await inSpan(
    'callback',
    {
      kind: 'client',
      parent: { traceparent: delivery.traceparent },
      attributes: {
        'lethe.request_id': delivery.requestId,
        'lethe.model': delivery.modelKey,
        'lethe.callback.attempt': delivery.attempts + 1,
        'server.address': target.url.hostname,
      },
    },
    async (span) => {
      const sinceMs = performance.now();
      const message = messageOf(deps, delivery, span.traceparent);
      const outcome = await (deps.post ?? postCallback)(target, message, { timeoutMs, signal });
      const result = outcome.kind === 'delivered' ? 'delivered' : outcome.reason;
      if (outcome.httpStatus > 0) span.set({ 'http.response.status_code': outcome.httpStatus });
      span.set({ 'lethe.callback.outcome': result });
      measure('lethe.callback.duration', (performance.now() - sinceMs) / 1000, {
        outcome: result,
      });
      return outcome;
    },
  );
}

/** Signed anew for each attempt: receivers refuse what was signed long ago. */
function messageOf(
  { keys, clock }: DeliverDeps,
  { id, attempts, status }: CallbackDelivery,
  traceparent: string | undefined,
): { body: string; headers: Record<string, string> } {
  if (status === undefined) throw new TypeError(`callback ${id} has no status`);
  const now = clock.now();
  const statement = requestStatusStatement(status, keys.issueTime(now));
  return {
    body: signStatement(statement, keys.signer(now)),
    headers: {
      'content-type': contentType,
      'user-agent': `lethe/${letheVersion}`,
      'idempotency-key': id,
      'lethe-delivery-id': id,
      'lethe-attempt': String(attempts + 1),
      ...(traceparent === undefined ? {} : { traceparent }),
    },
  };
}

async function writeDown(
  deps: DeliverDeps,
  name: PendingName,
  delivery: CallbackDelivery,
  outcome: CallbackOutcome,
): Promise<DeliverOutcome> {
  const { deliveries, clock, giveUpMs, onChange } = deps;
  const now = clock.now();
  const attempts = delivery.attempts + 1;
  const isDelivered = outcome.kind === 'delivered';
  const ageMs = now.getTime() - (delivery.createdTime ?? now).getTime();
  const tried: CallbackDelivery = {
    ...delivery,
    attempts,
    lastAttemptTime: now,
    nextAttemptTime: undefined,
    httpStatus: outcome.httpStatus,
    problem: isDelivered ? '' : outcome.problem,
  };
  if (!isDelivered && ageMs < giveUpMs) {
    const dueMs = now.getTime() + retryDelayMs(attempts, outcome.retryAfterMs);
    await deliveries.putPending(name, { ...tried, nextAttemptTime: new Date(dueMs) });
    onChange?.();
    return { kind: 'again', dueMs, hasFailed: true };
  }
  await end(deps, name, tried, isDelivered);
  return { kind: 'ended', isAnswered: isDelivered };
}

/**
 * Gives up what has waited for its time and could not be tried any more, since its receiver is away
 * and others wait before it.
 */
export async function giveUp(deps: DeliverDeps, name: PendingName): Promise<void> {
  const delivery = await deps.deliveries.pending(name);
  const nowMs = deps.clock.now().getTime();
  const ageMs = nowMs - (delivery?.createdTime?.getTime() ?? nowMs);
  if (delivery === undefined || ageMs < deps.giveUpMs) return;
  const problem = delivery.problem || 'its receiver did not answer while it waited for its turn';
  await end(deps, name, { ...delivery, nextAttemptTime: undefined, problem }, false);
}

async function end(
  { deliveries, log, onChange }: DeliverDeps,
  name: PendingName,
  delivery: CallbackDelivery,
  isDelivered: boolean,
): Promise<void> {
  const state = isDelivered
    ? CallbackState.CALLBACK_STATE_DELIVERED
    : CallbackState.CALLBACK_STATE_FAILED;
  await deliveries.putEnd(isDelivered ? 'delivered' : 'failed', { ...delivery, state });
  await deliveries.deletePending(name);
  onChange?.();
  count('lethe.callbacks', { outcome: isDelivered ? 'delivered' : 'failed' });
  if (isDelivered) return;
  const { id, emitter, requestId, attempts, problem } = delivery;
  log.error('a callback is given up; see lethe callbacks list', {
    ...{ id, emitter, requestId, attempts, problem },
    alert: 'callback_failed',
  });
}

/** Whether the target wants to hear of it. */
export function wants(
  target: CallbackTarget | undefined,
  { state, parentRequestId }: Pick<DeletionStatus, 'state' | 'parentRequestId'>,
): boolean {
  // Of a request over several models its emitter hears as of one.
  return target?.states.has(state) === true && parentRequestId === '';
}
