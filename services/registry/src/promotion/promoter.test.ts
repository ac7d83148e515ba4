import { AuditLog } from '@lethe/audit-log';
import {
  DeletionStatus,
  ModelDecided,
  type ModelVerdict,
  Outcome,
  RequestState,
  sha256,
  topics,
} from '@lethe/contracts';
import type { LineageStore } from '@lethe/lineage';
import { silentLog } from '@lethe/service-kit';
import { ManualClock } from '@lethe/service-kit/testing';
import { describe, expect, it } from 'vitest';
import { Recorder } from '../evidence/recorder.ts';
import { putQuarantine } from '../release/quarantine.ts';
import { ServingBoard } from '../serving/serving-board.ts';
import {
  type CandidateOptions,
  commitCandidate,
  openRegistryHome,
  type RegistryHome,
} from '../testing/registry-home.ts';
import { Promoter } from './promoter.ts';

const now = new Date('2026-02-01T00:00:00Z');

function promoterOn(
  { lineage, keys }: Pick<RegistryHome, 'lineage' | 'keys'>,
  time = now,
): Promoter {
  const clock = new ManualClock(time);
  const auditLog = new AuditLog({ store: lineage.store });
  return new Promoter({
    lineage,
    board: new ServingBoard(lineage, clock),
    recorder: new Recorder({ lineage, keys, auditLog, clock }),
    clock,
    log: silentLog,
  });
}

async function settle(home: RegistryHome, options: CandidateOptions) {
  return told(await promoterOn(home).settle(await commitCandidate(home, options)));
}

function told(records: Awaited<ReturnType<Promoter['settle']>>) {
  const [first, ...rest] = records;
  expect(first?.topic).toBe(topics.modelDecided.name);
  return {
    decided: ModelDecided.decode(first!.value),
    statuses: rest.map(({ value }) => DeletionStatus.decode(value)),
  };
}

describe('Promoter', () => {
  it('promotes a passing candidate: pointer, decision, event', async () => {
    await using home = await openRegistryHome();
    const event = await commitCandidate(home, { sequence: 1 });
    const { decided } = told(await promoterOn(home).settle(event));
    const serving = await home.lineage.serving('m1');
    const manifest = await home.lineage.manifest('m1', 1);
    expect(serving?.pointer).toMatchObject({
      generation: 2,
      sequence: 1,
      manifestDigest: event.manifestDigest,
      verdictDigest: event.verdictDigest,
      weightsDigest:
        manifest?.record.entry?.value && 'weightsDigest' in manifest.record.entry.value
          ? manifest.record.entry.value.weightsDigest
          : '',
      promotedTime: now,
    });
    const decision = await home.lineage.decision('m1', 1);
    expect(decision?.record).toMatchObject({ promoted: true, reason: 'promoted' });
    expect(decided).toEqual({
      modelKey: 'm1',
      sequence: 1,
      manifestDigest: event.manifestDigest,
      decisionDigest: decision?.digest,
      promoted: true,
    });
  });

  it('completes requests with the round of their last row, and only then', async () => {
    await using home = await openRegistryHome();
    const rows = [1, 2, 3, 4];
    const first = await settle(home, {
      sequence: 1,
      parts: [
        { requestId: 'whole', rows: [9] },
        { requestId: 'split', rows: [1, 2], of: rows, more: true },
      ],
    });
    expect(first.statuses).toMatchObject([
      {
        requestId: 'whole',
        state: RequestState.REQUEST_STATE_COMPLETED,
        sequence: 1,
        time: now,
        deadline: new Date('2026-02-10T00:00:00Z'),
        sampleCount: 1,
      },
    ]);
    const second = await settle(home, {
      sequence: 2,
      parent: 1,
      parts: [{ requestId: 'split', rows: [3, 4], of: rows }],
    });
    expect(second.statuses).toMatchObject([
      { requestId: 'split', state: RequestState.REQUEST_STATE_COMPLETED, sampleCount: 4 },
    ]);
  });

  it('says already forgotten of whole requests only', async () => {
    await using home = await openRegistryHome();
    const { statuses } = await settle(home, {
      sequence: 1,
      roundOutcome: 'already_forgotten',
      parts: [
        { requestId: 'whole', rows: [9] },
        { requestId: 'rest', rows: [3], of: [1, 2, 3] },
        { requestId: 'class', rows: [4], ofClass: 500 },
      ],
    });
    expect(statuses).toMatchObject([
      { state: RequestState.REQUEST_STATE_ALREADY_FORGOTTEN, sampleCount: 1 },
      { state: RequestState.REQUEST_STATE_COMPLETED, sampleCount: 3 },
      { state: RequestState.REQUEST_STATE_COMPLETED, sampleCount: 500 },
    ]);
  });

  it.each([
    ['verdict_failed', { outcome: Outcome.OUTCOME_FAIL }],
    ['verdict_inconclusive', { outcome: Outcome.OUTCOME_INCONCLUSIVE }],
    ['stale_baseline', { judgedAgainst: 7 }],
  ])('refuses: %s; what serves stays, and no request ends', async (reason, change) => {
    await using home = await openRegistryHome();
    const parts = [{ requestId: 'r', rows: [1] }];
    const { decided, statuses } = await settle(home, { sequence: 1, parts, ...change });
    expect(decided.promoted).toBe(false);
    expect(statuses).toEqual([]);
    expect((await home.lineage.decision('m1', 1))?.record).toMatchObject({
      promoted: false,
      reason,
    });
    expect((await home.lineage.serving('m1'))?.pointer).toMatchObject({
      generation: 1,
      sequence: 0,
    });
  });

  it.each<[string, (event: ModelVerdict) => Partial<ModelVerdict>]>([
    ['another manifest', () => ({ manifestDigest: '0'.repeat(64) })],
    ['another verdict', () => ({ verdictDigest: '0'.repeat(64) })],
    ['another outcome', () => ({ outcome: Outcome.OUTCOME_FAIL })],
    ['a sequence without a manifest', () => ({ sequence: 8 })],
  ])('refuses to act on an event that names %s', async (_, change) => {
    await using home = await openRegistryHome();
    const event = await commitCandidate(home, { sequence: 1 });
    const forged = { ...event, ...change(event) };
    await expect(promoterOn(home).settle(forged)).rejects.toMatchObject({ code: 'corrupt' });
    expect(await home.lineage.decision('m1', 1)).toBeUndefined();
    expect((await home.lineage.serving('m1'))?.pointer.sequence ?? 0).toBe(0);
  });

  it('never promotes weights that the verdict did not judge (P2)', async () => {
    await using home = await openRegistryHome();
    const event = await commitCandidate(home, { sequence: 1 });
    const verdict = (await home.lineage.verdict('m1', 1))!.record;
    const key = 'models/m1/verdicts/0000000001.json';
    await home.lineage.store.deleteAllVersions(key);
    const other = await home.lineage.blobs.put(Buffer.from('other weights'));
    const { digest } = await home.lineage.putVerdict({ ...verdict, weightsDigest: other });
    const renamed = { ...event, verdictDigest: digest };
    await expect(promoterOn(home).settle(renamed)).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining('weights judged'),
    });
    expect(await home.lineage.serving('m1')).toBeUndefined();
  });

  it('finishes what died between the pointer and the decision', async () => {
    await using home = await openRegistryHome();
    const event = await commitCandidate(home, {
      sequence: 1,
      parts: [{ requestId: 'r', rows: [1] }],
    });
    const lineage = lineageWith(home, {
      async putDecision() {
        throw new Error('killed');
      },
    });
    await expect(promoterOn({ lineage, keys: home.keys }).settle(event)).rejects.toThrow('killed');
    expect((await home.lineage.serving('m1'))?.pointer.sequence).toBe(1);
    expect(await home.lineage.decision('m1', 1)).toBeUndefined();

    const { decided, statuses } = told(await promoterOn(home).settle(event));
    expect(decided.promoted).toBe(true);
    expect(statuses).toHaveLength(1);
    expect((await home.lineage.serving('m1'))?.pointer.generation).toBe(2);
  });

  it('tells the same bytes again when an event comes twice', async () => {
    await using home = await openRegistryHome();
    const event = await commitCandidate(home, {
      sequence: 1,
      parts: [{ requestId: 'r', rows: [1] }],
    });
    const once = await promoterOn(home).settle(event);
    await settle(home, { sequence: 2, parent: 1 });
    expect(await promoterOn(home, new Date('2026-03-01')).settle(event)).toEqual(once);
    expect((await home.lineage.serving('m1'))?.pointer).toMatchObject({
      generation: 3,
      sequence: 2,
    });
  });

  it('moves the pointer once when many race, and all tell the same', async () => {
    await using home = await openRegistryHome();
    for (let sequence = 1; sequence <= 5; sequence++) {
      const parts = [{ requestId: `r${sequence}`, rows: [sequence] }];
      const event = await commitCandidate(home, { sequence, parent: sequence - 1, parts });
      const racers = Array.from({ length: 8 }, (_, racer) =>
        promoterOn(home, new Date(now.getTime() + racer)).settle(event),
      );
      const all = await Promise.all(racers);
      for (const records of all) expect(records).toEqual(all[0]);
      expect(told(all[0]!).decided.promoted).toBe(true);
      expect((await home.lineage.serving('m1'))?.pointer).toMatchObject({
        generation: sequence + 1,
        sequence,
      });
    }
  });

  it('rules anew when the pointer is moved between its ruling and its move', async () => {
    await using home = await openRegistryHome();
    const first = await commitCandidate(home, { sequence: 1 });
    await promoterOn(home).settle(first);
    const event = await commitCandidate(home, { sequence: 2, parent: 1 });
    const { lineage } = home;
    let isFirst = true;
    const raced = lineageWith(home, {
      async moveServing(...args) {
        if (isFirst) {
          isFirst = false;
          const { pointer, etag } = (await lineage.serving('m1'))!;
          const back = { ...pointer, sequence: 0, generation: 3, manifestDigest: '' };
          await lineage.moveServing({ ...back, weightsDigest: sha256('original') }, etag);
        }
        return await lineage.moveServing(...args);
      },
    });
    const { decided } = told(await promoterOn({ lineage: raced, keys: home.keys }).settle(event));
    expect(decided.promoted).toBe(false);
    expect((await lineage.decision('m1', 2))?.record.reason).toBe('stale_baseline');
    expect((await lineage.serving('m1'))?.pointer).toMatchObject({ generation: 3, sequence: 0 });
  });

  it('refuses what an operator put into quarantine before it was promoted', async () => {
    await using home = await openRegistryHome();
    const event = await commitCandidate(home, { sequence: 1 });
    const by = { reason: 'poisoned', actor: 'ann', time: now };
    await putQuarantine(home.lineage, { modelKey: 'm1', sequence: 1, ...by });
    const { decided } = told(await promoterOn(home).settle(event));
    expect(decided.promoted).toBe(false);
    expect((await home.lineage.decision('m1', 1))?.record.reason).toBe('quarantined');
  });

  it('does not say promoted before it sees the pointer there (P3)', async () => {
    await using home = await openRegistryHome();
    const event = await commitCandidate(home, { sequence: 1 });
    const lineage = lineageWith(home, {
      moveServing: async () => ({ kind: 'moved', etag: 'e' }),
    });
    await expect(promoterOn({ lineage, keys: home.keys }).settle(event)).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(await home.lineage.decision('m1', 1)).toBeUndefined();
  });
});

/** The lineage with some of its methods replaced. */
function lineageWith({ lineage }: RegistryHome, replaced: Partial<LineageStore>): LineageStore {
  return new Proxy(lineage, {
    get(target, name) {
      if (name in replaced) return Reflect.get(replaced, name);
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
