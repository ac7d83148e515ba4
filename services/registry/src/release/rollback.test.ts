import { DeletionStatus, RequestState, RollbackRequest, sha256, topics } from '@lethe/contracts';
import { lostCoverage, openLineage } from '@lethe/lineage';
import { describe, expect, it } from 'vitest';
import { purgeVersions } from '../purge/purge-versions.ts';
import { commitCandidate, openRegistryHome, type RegistryHome } from '../testing/registry-home.ts';
import { registryParts } from '../testing/registry-parts.ts';
import { putQuarantine } from './quarantine.ts';

const idOf = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

function back(sequence: number, change: Partial<RollbackRequest> = {}): RollbackRequest {
  return RollbackRequest.fromPartial({
    modelKey: 'm1',
    sequence,
    reason: 'it misclassifies stop signs',
    ...change,
  });
}

/** Three promoted versions; each forgot one request. */
async function threeVersions(home: RegistryHome, options = {}) {
  const parts = registryParts(home, options);
  for (let sequence = 1; sequence <= 3; sequence++) {
    await parts.settle({
      sequence,
      parent: sequence - 1,
      parts: [{ requestId: idOf(sequence), rows: [sequence] }],
    });
  }
  return parts;
}

describe('a rollback beside a purge', () => {
  const dayMs = 24 * 60 * 60 * 1000;

  async function twoVersions(home: RegistryHome) {
    const parts = registryParts(home);
    for (const sequence of [1, 2]) await parts.settle({ sequence, parent: sequence - 1 });
    const { clock, recorder } = parts;
    clock.advance(8 * dayMs);
    const now = () => clock.now();
    const purge = () =>
      purgeVersions({ lineage: home.lineage, recorder, now, keepMs: 7 * dayMs }, 'm1');
    return { ...parts, purge };
  }

  it('puts back what served when its target is purged while the pointer moves', async () => {
    await using home = await openRegistryHome();
    const { lineage } = home;
    const parts = await twoVersions(home);
    const move = lineage.moveServing.bind(lineage);
    let purged: readonly number[] = [];
    lineage.moveServing = async (...args) => {
      lineage.moveServing = move;
      purged = await parts.purge();
      return await move(...args);
    };
    await expect(parts.rollbacks.rollBack(back(1), 'ann')).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/version 1 was purged at the same moment.*2 of m1 serves/),
    });
    expect(purged).toEqual([1]);
    expect((await lineage.serving('m1'))?.pointer).toMatchObject({ sequence: 2, generation: 5 });
    expect((await parts.audit()).slice(-3)).toEqual(['purge', 'rollback', 'rollback']);
    expect(await parts.rollbacks.record('m1')).toBe(true);
    expect((await openLineage(lineage, 'm1')).state.head.sequence).toBe(2);
    await parts.settle({ sequence: 4, parent: 2 });
    expect((await lineage.serving('m1'))?.pointer.sequence).toBe(4);
  });

  it('leaves weights to a purge that find themselves serving', async () => {
    await using home = await openRegistryHome();
    const { lineage } = home;
    const parts = await twoVersions(home);
    const { store } = lineage;
    const put = store.put.bind(store);
    store.put = async (key, ...rest) => {
      if (!key.includes('/purging/')) return await put(key, ...rest);
      store.put = put;
      await parts.rollbacks.rollBack(back(1), 'ann');
      return await put(key, ...rest);
    };
    expect(await parts.purge()).toEqual([]);
    expect((await lineage.serving('m1'))?.pointer.sequence).toBe(1);
    expect(await lineage.blobs.has(sha256('weights 1'))).toBe(true);
  });
});

describe('a rollback', () => {
  it('over more requests than one log entry should hold is refused before anything moves', async () => {
    await using home = await openRegistryHome();
    const { lineage } = home;
    await threeVersions(home);
    const over = (maxReopened: number) =>
      lostCoverage(lineage, 'm1', { head: 3, target: 0, maxReopened });
    await expect(over(2)).rejects.toMatchObject({
      code: 'capacity',
      message: expect.stringMatching(
        /version 0 and 3 of m1 .* more than 2 requests.*smaller steps/,
      ),
    });
    expect((await over(3)).reopened).toHaveLength(3);
  });

  it('is refused when completed requests would be remembered again, and that is logged', async () => {
    await using home = await openRegistryHome();
    const parts = await threeVersions(home);
    await expect(parts.rollbacks.rollBack(back(1), 'ann')).rejects.toMatchObject({
      code: 'precondition',
      message: expect.stringContaining('what 2 completed requests asked to forget'),
    });
    expect((await home.lineage.serving('m1'))?.pointer.sequence).toBe(3);
    expect((await parts.audit()).at(-1)).toBe('refusal');
  });

  it('is made without override where nothing is lost', async () => {
    await using home = await openRegistryHome();
    const parts = registryParts(home);
    await parts.settle({ sequence: 1, parts: [{ requestId: idOf(1), rows: [1] }] });
    await parts.settle({ sequence: 2, parent: 1 });
    const { serving, reopenedRequestCount } = await parts.rollbacks.rollBack(back(1), 'ann');
    expect(serving).toMatchObject({
      sequence: 1,
      generation: 4,
      move: 'rollback',
      actor: 'ann',
      override: false,
    });
    expect(reopenedRequestCount).toBe(0);
    expect((await parts.audit()).at(-1)).toBe('rollback');
  });

  it('by override opens the requests again, starts rounds from the target, and is logged', async () => {
    await using home = await openRegistryHome();
    const parts = await threeVersions(home);
    const answer = await parts.rollbacks.rollBack(back(1, { override: true }), 'ann');
    expect(answer).toMatchObject({ reopenedRequestCount: 2, serving: { override: true } });
    expect((await parts.audit()).slice(-2)).toEqual(['override', 'rollback']);
    const statuses = parts.published
      .filter(({ topic }) => topic === topics.deletionStatus.name)
      .map(({ value }) => DeletionStatus.decode(value));
    expect(statuses.map(({ requestId, state }) => [requestId, state]).sort()).toEqual([
      [idOf(2), RequestState.REQUEST_STATE_REOPENED],
      [idOf(3), RequestState.REQUEST_STATE_REOPENED],
    ]);
    const { state } = await openLineage(home.lineage, 'm1');
    expect(state.head.sequence).toBe(1);
    expect([...state.openRequests.keys()].sort()).toEqual([`shop/${idOf(2)}`, `shop/${idOf(3)}`]);
    expect(state.progress(`shop/${idOf(1)}`).kind).toBe('completed');

    // Forward again: the requests are carried out once more, from the version that serves.
    await parts.settle({
      sequence: 5,
      parent: 1,
      parts: [
        { requestId: idOf(2), rows: [2] },
        { requestId: idOf(3), rows: [3] },
      ],
    });
    expect((await home.lineage.serving('m1'))?.pointer).toMatchObject({
      sequence: 5,
      generation: 6,
    });
    expect((await openLineage(home.lineage, 'm1')).state.completedCount).toBe(3);
  });

  it('waits with its log entry for the round in flight, whose candidate is then refused', async () => {
    await using home = await openRegistryHome();
    const parts = await threeVersions(home);
    const event = await commitCandidate(home, { sequence: 4, parent: 3 });
    await parts.rollbacks.rollBack(back(2, { override: true }), 'ann');
    expect(await parts.rollbacks.record('m1')).toBe(false);
    await parts.promoter.settle(event);
    expect((await home.lineage.decision('m1', 4))?.record).toMatchObject({
      promoted: false,
      reason: 'stale_baseline',
    });
    expect(await parts.rollbacks.record('m1')).toBe(true);
    expect((await home.lineage.manifest('m1', 5))?.record.entry?.$case).toBe('rollback');
    expect(await registryParts(home).rollbacks.record('m1')).toBe(true);
    expect(await home.lineage.manifest('m1', 6)).toBeUndefined();
  });

  it('never promotes what was made of the version that was rolled off', async () => {
    await using home = await openRegistryHome();
    const parts = await threeVersions(home);
    const event = await commitCandidate(home, { sequence: 4, parent: 3, judgedAgainst: 2 });
    await parts.rollbacks.rollBack(back(2, { override: true }), 'ann');
    await parts.promoter.settle(event);
    expect((await home.lineage.serving('m1'))?.pointer.sequence).toBe(2);
  });

  it.each([
    ['to what serves', back(3), 'precondition', 'serves already'],
    ['to a version that is not there', back(9), 'not_found', 'no version 9'],
    ['without a reason', back(1, { reason: ' ' }), 'invalid', 'reason'],
    ['from another generation', back(1, { expectedGeneration: 2 }), 'conflict', 'generation 4'],
  ])('is refused %s', async (_, request, code, text) => {
    await using home = await openRegistryHome();
    const parts = await threeVersions(home);
    await expect(parts.rollbacks.rollBack(request, 'ann')).rejects.toMatchObject({
      code,
      message: expect.stringContaining(text),
    });
  });

  it('is refused to a version that is purged, in quarantine, or never was promoted', async () => {
    await using home = await openRegistryHome();
    const parts = await threeVersions(home);
    await parts.promoter.settle(
      await commitCandidate(home, { sequence: 4, parent: 3, outcome: 2 }),
    );
    const weights = (await home.lineage.manifest('m1', 1))!.record.entry!.value;
    await home.lineage.blobs.delete(
      ('weightsDigest' in weights ? weights.weightsDigest : '') as never,
    );
    await putQuarantine(home.lineage, {
      modelKey: 'm1',
      sequence: 2,
      reason: 'poisoned',
      actor: 'ann',
      time: new Date(),
    });
    for (const [sequence, text] of [
      [1, 'was purged'],
      [2, 'is in quarantine'],
      [4, 'was never promoted'],
    ] as const) {
      await expect(
        parts.rollbacks.rollBack(back(sequence, { override: true }), 'ann'),
      ).rejects.toMatchObject({ code: 'precondition', message: expect.stringContaining(text) });
    }
  });

  it('that is overtaken by another move is a conflict, and moves nothing', async () => {
    await using home = await openRegistryHome();
    const parts = await threeVersions(home);
    const { lineage } = home;
    const move = lineage.moveServing.bind(lineage);
    lineage.moveServing = async (...args) => {
      lineage.moveServing = move;
      await parts.rollbacks.rollBack(back(2, { override: true }), 'bob');
      return await move(...args);
    };
    await expect(
      parts.rollbacks.rollBack(back(1, { override: true }), 'ann'),
    ).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('moved at the same moment'),
    });
    expect((await lineage.serving('m1'))?.pointer).toMatchObject({ sequence: 2, actor: 'bob' });
    expect((await parts.audit()).filter((kind) => kind === 'rollback')).toHaveLength(1);
  });

  it('at a time before the last move, by a clock that was set back, comes after it all the same', async () => {
    await using home = await openRegistryHome();
    const parts = await threeVersions(home);
    parts.clock.advance(-2 * 24 * 60 * 60 * 1000);
    const { serving } = await parts.rollbacks.rollBack(back(2, { override: true }), 'ann');
    expect(serving?.promotedTime).toEqual(new Date('2026-02-03T00:00:00Z'));
    const at = await parts.history.at('m1', new Date('2026-02-02T12:00:00Z'));
    expect(at.sequence).toBe(2);
    expect(at.generation).toBe(3);
  });

  it('is approved by who names the version that was proposed, and no other', async () => {
    await using home = await openRegistryHome();
    const parts = await threeVersions(home, { fourEyes: true });
    const ask = back(0, { override: true });
    const { proposalId } = await parts.rollbacks.rollBack(ask, 'ann');
    await expect(
      parts.rollbacks.rollBack(back(2, { approves: proposalId }), 'bob'),
    ).rejects.toMatchObject({
      code: 'precondition',
      message: expect.stringMatching(
        /of ann is to serve version 0 again by override, not version 2/,
      ),
    });
    expect((await home.lineage.serving('m1'))?.pointer.sequence).toBe(3);
  });

  it('that nobody approves within a day is void', async () => {
    await using home = await openRegistryHome();
    const parts = await threeVersions(home, { fourEyes: true });
    const ask = back(1, { override: true });
    const { proposalId } = await parts.rollbacks.rollBack(ask, 'ann');
    parts.clock.advance(24 * 60 * 60 * 1000 + 1);
    await expect(
      parts.rollbacks.rollBack(back(1, { approves: proposalId }), 'bob'),
    ).rejects.toThrow(/older than a day/);
    expect((await home.lineage.serving('m1'))?.pointer.sequence).toBe(3);
  });

  it('needs two people where that is asked for', async () => {
    await using home = await openRegistryHome();
    const parts = await threeVersions(home, { fourEyes: true });
    const { proposalId, serving } = await parts.rollbacks.rollBack(
      back(1, { override: true }),
      'ann',
    );
    expect(serving).toBeUndefined();
    expect((await home.lineage.serving('m1'))?.pointer.sequence).toBe(3);
    const approve = back(1, { approves: proposalId });
    await expect(parts.rollbacks.rollBack(approve, 'ann')).rejects.toThrow(/somebody else/);
    const approved = await parts.rollbacks.rollBack(approve, 'bob');
    expect(approved.serving).toMatchObject({ sequence: 1, actor: 'ann+bob' });
    await expect(
      parts.rollbacks.rollBack(back(1, { approves: 'f'.repeat(64) }), 'bob'),
    ).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('ServingHistory', () => {
  it('tells what served at any time, rollbacks and a clock set back included', async () => {
    await using home = await openRegistryHome();
    const parts = await threeVersions(home);
    await parts.rollbacks.rollBack(back(2, { override: true }), 'ann');
    const at = async (time: string) => (await parts.history.at('m1', new Date(time))).sequence;
    expect(await at('2026-01-15T00:00:00Z')).toBe(0);
    expect(await at('2026-02-01T00:00:00Z')).toBe(1);
    expect(await at('2026-02-01T23:59:59Z')).toBe(1);
    expect(await at('2026-02-02T00:00:00Z')).toBe(2);
    expect(await at('2026-02-03T12:00:00Z')).toBe(3);
    expect(await at('2026-02-04T00:00:00Z')).toBe(2);
    expect(await at('2030-01-01T00:00:00Z')).toBe(2);
    await expect(at('2025-01-01T00:00:00Z')).rejects.toMatchObject({ code: 'not_found' });
    const moves = await parts.history.list('m1', 0, 3);
    expect(moves.map(({ generation, sequence }) => [generation, sequence])).toEqual([
      [5, 2],
      [4, 3],
      [3, 2],
    ]);
  });
});
