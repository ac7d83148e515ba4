import type { ServerResponse } from 'node:http';
import { DeletionStatus, Regulation, RequestState, topics } from '@lethe/contracts';
import { deliveryId, verifyEvidence } from '@lethe/evidence';
import { encodeEvent, silentLog, traceHeaders } from '@lethe/service-kit';
import { ManualClock } from '@lethe/service-kit/testing';
import { recordTelemetry } from '@lethe/telemetry/testing';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type CallbackReceiver, openCallbackReceiver } from '../testing/callback-receiver.ts';
import { openRegistryHome, type RegistryHome } from '../testing/registry-home.ts';
import { readCallbackTargets } from './callback-targets.ts';
import { sendCallbacks } from './callbacks.ts';
import { DeliveryStore } from './delivery-store.ts';
import { replayCallback, statusOf } from './replay-callback.ts';

const start = new Date('2026-02-01T00:00:00Z');
const hourMs = 3_600_000;
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
let clock: ManualClock;
beforeEach(() => {
  clock = new ManualClock(start);
});

function statusNumber(at: number, change: Partial<DeletionStatus> = {}): DeletionStatus {
  return DeletionStatus.fromPartial({
    requestId: `3f0b7c1e-8f43-4a2e-9f0e-${String(at).padStart(12, '0')}`,
    emitter: 'shop',
    modelKey: 'm1',
    state: RequestState.REQUEST_STATE_COMPLETED,
    detail: 'forgotten by round 3, which serves',
    time: start,
    sequence: 3,
    submittedTime: start,
    deadline: new Date('2026-03-01T00:00:00Z'),
    sampleCount: 1,
    regulation: Regulation.REGULATION_GDPR,
    ...change,
  } as DeletionStatus);
}

async function publish(home: RegistryHome, ...statuses: DeletionStatus[]): Promise<void> {
  await home.bus.publish(
    statuses.map((status) =>
      encodeEvent(
        topics.deletionStatus,
        status.modelKey,
        DeletionStatus,
        status,
        traceHeaders(traceparent),
      ),
    ),
  );
}

async function open(
  home: RegistryHome,
  receivers: Readonly<Record<string, CallbackReceiver>>,
  heldPerReceiver?: number,
): Promise<{ deliveries: DeliveryStore } & AsyncDisposable> {
  await home.bus.ensureTopics(Object.values(topics));
  const callbacks = Object.entries(receivers).map(([emitter, { url }]) => ({
    ...{ emitter, url },
    networks: ['127.0.0.0/8'],
  }));
  const targets = readCallbackTargets(JSON.stringify({ callbacks }));
  const deliveries = new DeliveryStore(home.lineage.store);
  const consumption = await sendCallbacks(home.bus, {
    deliveries,
    targets: async () => targets,
    giveUpMs: 24 * hourMs,
    ...(heldPerReceiver === undefined ? {} : { heldPerReceiver }),
    keys: home.keys,
    clock,
    log: silentLog,
    onFatal: (error) => {
      throw error;
    },
  });
  return {
    deliveries,
    [Symbol.asyncDispose]: () => consumption[Symbol.asyncDispose](),
  };
}

async function idsIn(deliveries: DeliveryStore, folder: 'pending' | 'delivered' | 'failed') {
  const ids: string[] = [];
  for await (const { id } of deliveries.list(folder, '')) ids.push(id);
  return ids;
}

/** Lets a waiting back-off pass whenever everybody sleeps. */
async function until(condition: () => boolean | Promise<boolean>, stepMs = 0): Promise<void> {
  await vi.waitFor(
    async () => {
      if (stepMs > 0) clock.advance(stepMs);
      expect(await condition()).toBe(true);
    },
    { timeout: 60_000, interval: 20 },
  );
}

const refuse = (response: ServerResponse) => void response.writeHead(500).end();

describe('callbacks', () => {
  it('tell an emitter of the end of its request, signed, in the trace of the request', async () => {
    await using home = await openRegistryHome();
    await using receiver = await openCallbackReceiver();
    await using sending = await open(home, { shop: receiver });
    const status = statusNumber(1);
    await publish(home, status, status, statusNumber(2, { emitter: 'bank' }));
    await until(async () => (await idsIn(sending.deliveries, 'delivered')).length === 1);
    expect(receiver.received).toHaveLength(1);
    const [{ headers, body } = { headers: {}, body: '' }] = receiver.received;
    expect(headers).toMatchObject({
      'content-type': 'application/vnd.dsse.envelope.v1+json',
      'lethe-delivery-id': deliveryId(status),
      'idempotency-key': deliveryId(status),
      'lethe-attempt': '1',
    });
    expect(verifyEvidence(Buffer.from(body), home.keys.keys(), clock.now())).toMatchObject({
      kind: 'valid',
      statement: {
        predicateType: 'urn:lethe:request-status:v1',
        predicate: {
          delivery_id: deliveryId(status),
          request_id: status.requestId,
          state: 'completed',
        },
      },
    });
    const delivery = await sending.deliveries.find(deliveryId(status));
    expect(delivery).toMatchObject({ attempts: 1, httpStatus: 204, traceparent, problem: '' });
    expect(await idsIn(sending.deliveries, 'pending')).toEqual([]);
  });

  it('are spans of their requests, each attempt with what came of it', async () => {
    await using telemetry = await recordTelemetry();
    await using home = await openRegistryHome();
    await using receiver = await openCallbackReceiver((response, attempt) =>
      attempt === 1 ? refuse(response) : void response.writeHead(204).end(),
    );
    await using sending = await open(home, { shop: receiver });
    await publish(home, statusNumber(1));
    await until(async () => (await idsIn(sending.deliveries, 'delivered')).length === 1, 1_000);
    const [, traceId, spanId] = traceparent.split('-');
    const attempts = telemetry.spans().filter(({ name }) => name === 'callback');
    expect(
      attempts.map((span) => [span.spanContext().traceId, span.parentSpanContext?.spanId]),
    ).toEqual([
      [traceId, spanId],
      [traceId, spanId],
    ]);
    expect(attempts.map(({ attributes }) => attributes['lethe.callback.attempt'])).toEqual([1, 2]);
    expect(attempts.map(({ attributes }) => attributes['lethe.callback.outcome'])).toEqual([
      'answer',
      'delivered',
    ]);
  });

  it('tell nothing of states that were not asked for', async () => {
    await using home = await openRegistryHome();
    await using receiver = await openCallbackReceiver();
    await using sending = await open(home, { shop: receiver });
    await publish(
      home,
      statusNumber(1, { state: RequestState.REQUEST_STATE_ACCEPTED }),
      statusNumber(2),
    );
    await until(async () => (await idsIn(sending.deliveries, 'delivered')).length === 1);
    expect(receiver.received).toHaveLength(1);
  });

  it('are tried again with growing waits, signed anew, under the same id', async () => {
    await using home = await openRegistryHome();
    await using receiver = await openCallbackReceiver((response, attempt) =>
      attempt < 4 ? refuse(response) : void response.writeHead(200).end(),
    );
    await using sending = await open(home, { shop: receiver });
    await publish(home, statusNumber(1));
    await until(async () => (await idsIn(sending.deliveries, 'delivered')).length === 1, 500);
    expect(receiver.received.map(({ headers }) => headers['lethe-attempt'])).toEqual([
      ...['1', '2', '3', '4'],
    ]);
    const ids = new Set(receiver.received.map(({ headers }) => headers['lethe-delivery-id']));
    expect([ids.size, new Set(receiver.received.map(({ body }) => body)).size]).toEqual([1, 4]);
  });

  it('survive a restart, and go on where the attempts were', async () => {
    await using home = await openRegistryHome();
    await using receiver = await openCallbackReceiver((response, attempt) =>
      attempt < 2 ? refuse(response) : void response.writeHead(200).end(),
    );
    {
      await using sending = await open(home, { shop: receiver });
      await publish(home, statusNumber(1));
      await until(async () => {
        const delivery = await sending.deliveries.find(deliveryId(statusNumber(1)));
        return delivery?.attempts === 1;
      });
    }
    await using again = await open(home, { shop: receiver });
    await until(async () => (await idsIn(again.deliveries, 'delivered')).length === 1, 500);
    expect(receiver.received.map(({ headers }) => headers['lethe-attempt'])).toEqual(['1', '2']);
  });

  it('are shared by two registries, and each is sent once', async () => {
    await using home = await openRegistryHome();
    await using receiver = await openCallbackReceiver();
    await using one = await open(home, { shop: receiver });
    await using _two = await open(home, { shop: receiver });
    const many = Array.from({ length: 40 }, (_, at) => statusNumber(at, { modelKey: `m${at}` }));
    await publish(home, ...many);
    await until(async () => (await idsIn(one.deliveries, 'delivered')).length === 40);
    const ids = receiver.received.map(({ headers }) => headers['lethe-delivery-id']);
    expect([ids.length, new Set(ids).size]).toEqual([40, 40]);
  });

  it('do not wait for the receiver of somebody else that never answers', async () => {
    await using home = await openRegistryHome();
    await using silent = await openCallbackReceiver(() => {});
    await using receiver = await openCallbackReceiver();
    await using sending = await open(home, { bank: silent, shop: receiver });
    const stuck = Array.from({ length: 50 }, (_, at) => statusNumber(at, { emitter: 'bank' }));
    await publish(home, ...stuck, ...[60, 61, 62].map((at) => statusNumber(at)));
    await until(async () => (await idsIn(sending.deliveries, 'delivered')).length === 3);
    // A receiver that is silent is not asked fifty times at once.
    expect(silent.received.length).toBeLessThanOrEqual(4);
    expect(await idsIn(sending.deliveries, 'pending')).toHaveLength(50);
  });

  it('are given up after their time, listed, and sent again by a replay', async () => {
    await using home = await openRegistryHome();
    let isBack = false;
    await using receiver = await openCallbackReceiver((response) =>
      isBack ? void response.writeHead(200).end() : refuse(response),
    );
    await using sending = await open(home, { shop: receiver });
    const id = deliveryId(statusNumber(1));
    await publish(home, statusNumber(1));
    await until(async () => (await idsIn(sending.deliveries, 'failed')).length === 1, hourMs);
    const failed = (await sending.deliveries.find(id))!;
    expect(failed).toMatchObject({ httpStatus: 500, problem: 'it answered 500' });
    isBack = true;
    const send = home.bus.publish.bind(home.bus);
    expect(await replayCallback(send, statusOf(failed), failed.traceparent)).toBe(id);
    await until(async () => (await idsIn(sending.deliveries, 'delivered')).length === 1);
    expect(await idsIn(sending.deliveries, 'failed')).toEqual([]);
    // Also what was delivered can be sent again.
    const before = receiver.received.length;
    await replayCallback(send, statusOf(failed), '');
    await until(() => receiver.received.length === before + 1);
  });

  it('leave out what is older than any delivery lives', async () => {
    await using home = await openRegistryHome();
    await using receiver = await openCallbackReceiver();
    await using sending = await open(home, { shop: receiver });
    const old = new Date(start.getTime() - 25 * hourMs);
    await publish(home, statusNumber(1, { time: old }), statusNumber(2));
    await until(async () => (await idsIn(sending.deliveries, 'delivered')).length === 1);
    expect(await sending.deliveries.find(deliveryId(statusNumber(1)))).toBeUndefined();
  });

  it('of a long backlog are all sent, though few are held, before and after a restart', async () => {
    await using home = await openRegistryHome();
    let isBack = false;
    await using receiver = await openCallbackReceiver((response) =>
      isBack ? void response.writeHead(200).end() : refuse(response),
    );
    const many = Array.from({ length: 30 }, (_, at) => statusNumber(at));
    {
      await using sending = await open(home, { shop: receiver }, 4);
      await publish(home, ...many);
      await until(async () => (await idsIn(sending.deliveries, 'pending')).length === 30);
      await until(() => receiver.received.length >= 8, 5_000);
    }
    isBack = true;
    await using again = await open(home, { shop: receiver }, 4);
    await until(async () => (await idsIn(again.deliveries, 'delivered')).length === 30, 10_000);
    expect(await idsIn(again.deliveries, 'pending')).toEqual([]);
    const answered = receiver.received.slice(-30);
    expect(new Set(answered.map(({ headers }) => headers['lethe-delivery-id'])).size).toBe(30);
  });
});
