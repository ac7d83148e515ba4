import { packSize } from '@lethe/audit-log';
import type { OutgoingRecord } from '@lethe/bus';
import { CallbackDelivery, DeletionStatus, RequestState, sha256 } from '@lethe/contracts';
import { silentLog } from '@lethe/service-kit';
import { expect, it } from 'vitest';
import { DeliveryStore } from './callbacks/delivery-store.ts';
import { maintain, sweep } from './maintenance.ts';
import { RequestProjection } from './requests/request-projection.ts';
import { openRegistryHome, type RegistryHome } from './testing/registry-home.ts';
import { registryParts } from './testing/registry-parts.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** Three turns of maintenance over one request whose deadline has passed; what they told and noted. */
async function threeTurns(home: RegistryHome, isCurrent: boolean) {
  const { auditLog, recorder, rollbacks, audit } = registryParts(home);
  using projection = RequestProjection.open(home.projectionFile);
  const status = DeletionStatus.fromPartial({
    requestId: 'r1',
    emitter: 'shop',
    modelKey: 'm1',
    state: RequestState.REQUEST_STATE_ACCEPTED,
    submittedTime: new Date('2026-01-01T00:00:00Z'),
    deadline: new Date('2026-02-01T00:00:00Z'),
  });
  projection.apply([status]);
  const published: OutgoingRecord[] = [];
  const ended = new AbortController();
  let turns = 0;
  const clock = {
    now: () => new Date('2026-03-01T00:00:00Z'),
    sleep: async () => {
      turns += 1;
      if (turns === 3) ended.abort();
    },
  };
  await maintain(
    {
      ...{ lineage: home.lineage, keys: home.keys, retention: home.retention, log: silentLog },
      ...{ auditLog, recorder, rollbacks, projection, clock },
      currency: { isCurrent: async () => isCurrent },
      publish: async (records) => void published.push(...records),
      deliveries: { prune: async () => 0 },
      onPurgeDue: () => {},
    },
    ended.signal,
  );
  return { published, audit: await audit() };
}

it('calls no request expired while a projection is being made anew', async () => {
  await using home = await openRegistryHome();
  expect(await threeTurns(home, false)).toEqual({ published: [], audit: [] });
});

it('calls a request expired whose deadline has passed, once', async () => {
  await using home = await openRegistryHome();
  const { published, audit } = await threeTurns(home, true);
  const states = published.map(({ value }) => DeletionStatus.decode(value).state);
  expect(states).toEqual([RequestState.REQUEST_STATE_EXPIRED]);
  expect(audit).toEqual(['request_expired']);
});

it('keeps everything for its time, and no longer', async () => {
  await using home = await openRegistryHome();
  const { lineage, retention } = home;
  const parts = registryParts(home);
  for (const sequence of [1, 2]) await parts.settle({ sequence, parent: sequence - 1 });
  const orphan = await lineage.blobs.put(Buffer.from('left behind'));
  const pack = Array.from({ length: packSize }, (_, at) => ({
    ...{ id: `old/${at}`, kind: 'approval' as const, actor: 'ann', modelKey: 'm1', details: {} },
    time: parts.clock.now(),
  }));
  await parts.auditLog.append(pack);
  await parts.auditLog[Symbol.asyncDispose]();
  const deliveries = new DeliveryStore(lineage.store);
  await deliveries.putEnd('delivered', CallbackDelivery.fromPartial({ id: 'a'.repeat(64) }));
  const first = sha256('weights 1');
  const present = async () => ({
    superseded: await lineage.blobs.has(first),
    orphan: await lineage.blobs.has(orphan),
    delivered: (await deliveries.end('a'.repeat(64))) !== undefined,
    log: (await lineage.store.get('audit/packs/000000000000')) !== undefined,
  });
  /** What is there after a sweep so many days later, by the clocks of registry and store. */
  const after = async (days: number) => {
    const now = new Date(Math.max(Date.now(), parts.clock.now().getTime()) + days * dayMs);
    using projection = RequestProjection.open(':memory:');
    await sweep({
      ...{ lineage, retention, deliveries, projection, log: silentLog, keys: home.keys },
      ...{ auditLog: parts.auditLog, recorder: parts.recorder, rollbacks: parts.rollbacks },
      clock: { now: () => now, sleep: async () => {} },
      currency: { isCurrent: async () => true },
      publish: async () => {},
      onPurgeDue: () => {},
    });
    return await present();
  };
  const all = { superseded: true, orphan: true, delivered: true, log: true };
  expect(await present()).toEqual(all);
  const generous = { ...retention, weightsMs: 10_000 * dayMs };
  Object.assign(home.retention, generous);
  expect(await after(1)).toEqual(all);
  expect(await after(3)).toEqual({ ...all, orphan: false });
  Object.assign(home.retention, { weightsMs: 7 * dayMs });
  expect(await after(8)).toEqual({ ...all, orphan: false, superseded: false });
  const gone = { superseded: false, orphan: false, delivered: false };
  expect(await after(401)).toEqual({ ...gone, log: true });
  expect(await after(1_200)).toEqual({ ...gone, log: false });
});
