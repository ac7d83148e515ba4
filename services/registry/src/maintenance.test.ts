import type { OutgoingRecord } from '@lethe/bus';
import { DeletionStatus, RequestState } from '@lethe/contracts';
import { silentLog } from '@lethe/service-kit';
import { expect, it } from 'vitest';
import { maintain } from './maintenance.ts';
import { RequestProjection } from './requests/request-projection.ts';
import { openRegistryHome, type RegistryHome } from './testing/registry-home.ts';
import { registryParts } from './testing/registry-parts.ts';

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
