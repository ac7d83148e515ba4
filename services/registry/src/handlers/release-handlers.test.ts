import { GetServingAtRequest, QuarantineRequest, RollbackRequest } from '@lethe/contracts';
import type { CallContext, Role } from '@lethe/service-kit';
import { describe, expect, it } from 'vitest';
import { ObservedServers } from '../release/observed-servers.ts';
import { RequestProjection } from '../requests/request-projection.ts';
import { openRegistryHome, type RegistryHome } from '../testing/registry-home.ts';
import { registryParts } from '../testing/registry-parts.ts';
import { releaseHandlers } from './release-handlers.ts';

const idOf = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

function by(name: string, ...roles: Role[]): CallContext {
  const identity = { kind: 'known' as const, name, roles };
  return { identity, header: () => undefined } as unknown as CallContext;
}

async function open(home: RegistryHome) {
  const parts = registryParts(home);
  for (const sequence of [1, 2]) {
    const rows = [{ requestId: idOf(sequence), rows: [sequence] }];
    await parts.settle({ sequence, parent: sequence - 1, parts: rows });
  }
  const { lineage } = home;
  const handlers = releaseHandlers({
    ...{ ...parts, lineage, isPurgeDue: () => false },
    projection: RequestProjection.open(':memory:'),
    deadLetters: { ofRequest: () => [] },
    servers: new ObservedServers(parts.board, parts.clock),
  });
  return { ...parts, handlers };
}

const back = (change: Partial<RollbackRequest> = {}) =>
  RollbackRequest.fromPartial({
    ...{ modelKey: 'm1', sequence: 1, reason: 'it was slower', override: true, ...change },
  });

describe('a rollback by override', () => {
  it('is for approvers only, as is the approval of somebody else’s', async () => {
    await using home = await openRegistryHome();
    const { handlers } = await open(home);
    const alice = by('alice', 'operator');
    for (const request of [back(), back({ override: false, approves: 'f'.repeat(64) })]) {
      await expect(handlers.rollback(request, alice)).rejects.toMatchObject({
        code: 'denied',
        message: expect.stringContaining('an override is for approver'),
      });
    }
    expect((await home.lineage.serving('m1'))?.pointer.sequence).toBe(2);
    const { serving } = await handlers.rollback(back(), by('bob', 'approver'));
    expect(serving).toMatchObject({ sequence: 1, actor: 'bob', override: true });
  });
});

it('a quarantine needs a reason and a version, and is in the log with who said so', async () => {
  await using home = await openRegistryHome();
  const { handlers, auditLog } = await open(home);
  const ask = (change: object) =>
    handlers.quarantine(
      QuarantineRequest.fromPartial({ modelKey: 'm1', sequence: 2, reason: 'poisoned', ...change }),
      by('ann', 'operator'),
    );
  await expect(ask({ reason: ' ' })).rejects.toThrow(/reason/);
  await expect(ask({ sequence: 9 })).rejects.toMatchObject({ code: 'not_found' });
  await ask({});
  let last: unknown;
  for await (const entry of auditLog.entries()) last = entry;
  expect(last).toMatchObject({
    ...{ kind: 'quarantine', actor: 'ann', modelKey: 'm1' },
    details: { sequence: 2, reason: 'poisoned' },
  });
});

it('what serves at a time that is yet to come is not said', async () => {
  await using home = await openRegistryHome();
  const { handlers, clock } = await open(home);
  const at = (ms: number) =>
    handlers.getServingAt(
      GetServingAtRequest.fromPartial({ modelKey: 'm1', time: new Date(ms) }),
      by('ann', 'auditor'),
    );
  const nowMs = clock.now().getTime();
  expect((await at(nowMs)).sequence).toBe(2);
  // The clock of who asks may be somewhat ahead.
  expect((await at(nowMs + 5 * 60_000)).sequence).toBe(2);
  await expect(at(nowMs + 6 * 60_000)).rejects.toThrow(/is yet to come/);
});
