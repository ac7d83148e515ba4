import { join } from 'node:path';
import type { OutgoingRecord } from '@lethe/bus';
import {
  DeletionStatus,
  ExtendDeadlineRequest,
  Regulation,
  RequestState,
  topics,
} from '@lethe/contracts';
import { openLineage } from '@lethe/lineage';
import { defaultLegalClocks, silentLog } from '@lethe/service-kit';
import { describe, expect, it } from 'vitest';
import { commitCandidate, openRegistryHome, type RegistryHome } from '../testing/registry-home.ts';
import { registryParts } from '../testing/registry-parts.ts';
import { expireRequests } from './expire-requests.ts';
import { extendDeadline } from './extend-deadline.ts';
import type { SubmittedRequest } from './projected-request.ts';
import { RequestProjection } from './request-projection.ts';
import { withdraw } from './withdrawals.ts';
import { yearlyReport } from './yearly-report.ts';

const requestId = '3f0b7c1e-8f43-4a2e-9f0e-0a4b6a1f2d11';

function status(change: Partial<DeletionStatus> = {}): DeletionStatus {
  return DeletionStatus.fromPartial({
    requestId,
    emitter: 'shop',
    modelKey: 'm1',
    state: RequestState.REQUEST_STATE_ACCEPTED,
    submittedTime: new Date('2026-01-10T00:00:00Z'),
    deadline: new Date('2026-02-10T00:00:00Z'),
    regulation: Regulation.REGULATION_GDPR,
    sampleCount: 1,
    ...change,
  } as DeletionStatus);
}

/** A registry's parts and a projection that takes in what they publish. */
async function open(home: RegistryHome) {
  const parts = registryParts(home);
  const projection = RequestProjection.open(join(home.folder, 'requests.sqlite'));
  projection.apply([status()]);
  const publish = async (records: readonly OutgoingRecord[]) => {
    const statuses = records.filter(({ topic }) => topic === topics.deletionStatus.name);
    projection.apply(statuses.map(({ value }) => DeletionStatus.decode(value)));
  };
  const { lineage } = home;
  const deps = { ...parts, lineage, projection, publish, log: silentLog };
  return {
    ...deps,
    legalClocks: defaultLegalClocks,
    find: () => projection.find(requestId, '')[0]!,
  };
}

const why = { kind: 'cancelled' as const, reason: 'sent by mistake', actor: 'shop' };

describe('a request that is taken back', () => {
  it('ends by an entry of the log, is told and logged, and the same again changes nothing', async () => {
    await using home = await openRegistryHome();
    const deps = await open(home);
    expect(await withdraw(deps, { current: status(), history: [] }, why)).toMatchObject({
      sequence: 1,
    });
    expect(deps.find().current).toMatchObject({
      state: RequestState.REQUEST_STATE_CANCELLED,
      detail: 'cancelled: sent by mistake',
    });
    expect(await deps.audit()).toEqual(['request_cancelled']);
    const { state } = await openLineage(home.lineage, 'm1');
    expect(state.progress(`shop/${requestId}`).kind).toBe('withdrawn');
    expect(await withdraw(deps, deps.find(), why)).toMatchObject({ sequence: 1 });
    expect((await openLineage(home.lineage, 'm1')).state.nextSequence).toBe(2);
  });

  it('cannot be once it is carried out, and waits for the round in flight', async () => {
    await using home = await openRegistryHome();
    const deps = await open(home);
    const parts = [{ requestId, rows: [1] }];
    const event = await commitCandidate(home, { sequence: 1, parts });
    await expect(withdraw(deps, { current: status(), history: [] }, why)).rejects.toMatchObject({
      code: 'unavailable',
    });
    await deps.promoter.settle(event);
    await expect(withdraw(deps, { current: status(), history: [] }, why)).rejects.toMatchObject({
      code: 'precondition',
      message: expect.stringContaining('carried out already'),
    });
  });

  it('may be denied after it was begun; nothing of it is open then', async () => {
    await using home = await openRegistryHome();
    const deps = await open(home);
    const parts = [{ requestId, rows: [1], of: [1, 2], more: true }];
    await deps.settle({ sequence: 1, parts });
    await withdraw(
      deps,
      { current: status(), history: [] },
      { ...why, kind: 'denied', reason: 'legal hold' },
    );
    expect(deps.find().current.state).toBe(RequestState.REQUEST_STATE_DENIED);
    expect((await openLineage(home.lineage, 'm1')).state.openRequests.size).toBe(0);
  });
});

describe('an extension of the deadline', () => {
  const ask = (change: Partial<ExtendDeadlineRequest> = {}) =>
    ExtendDeadlineRequest.fromPartial({
      requestId,
      reason: 'the request is complex',
      noticeTime: new Date('2026-01-31T00:00:00Z'),
      ...change,
    } as ExtendDeadlineRequest);

  it('is what the law allows, once; the same call again gives the same', async () => {
    await using home = await openRegistryHome();
    const deps = await open(home);
    const deadline = new Date('2026-04-10T00:00:00Z');
    expect(await extendDeadline(deps, deps.find(), ask(), 'ann')).toEqual({ deadline });
    expect(await extendDeadline(deps, deps.find(), ask(), 'bob')).toEqual({ deadline });
    expect(deps.find()).toMatchObject({
      deadline,
      isExtended: true,
      current: { state: RequestState.REQUEST_STATE_ACCEPTED },
    });
    expect(await deps.audit()).toEqual(['request_extended']);
    // Also where the record of it was lost: statuses tell.
    await home.lineage.store.deleteAllVersions(`requests/extensions/shop/${requestId}.json`);
    await expect(extendDeadline(deps, deps.find(), ask(), 'ann')).rejects.toThrow(
      /it was extended before, and that is allowed once/,
    );
  });

  it('takes a notice that is known by its day alone, the day of the request', async () => {
    await using home = await openRegistryHome();
    const deps = await open(home);
    const found = deps.find();
    const submittedTime = new Date('2026-01-10T15:30:00Z');
    const afternoon = { ...found, current: { ...found.current, submittedTime } };
    const told = (day: string) => ask({ noticeTime: new Date(`${day}T00:00:00Z`) });
    await expect(extendDeadline(deps, afternoon, told('2026-01-09'), 'ann')).rejects.toThrow(
      /is before the request/,
    );
    expect(await extendDeadline(deps, afternoon, told('2026-01-10'), 'ann')).toMatchObject({
      deadline: expect.any(Date),
    });
  });

  it('is refused without notice, after the deadline, and once the request has ended', async () => {
    await using home = await openRegistryHome();
    const deps = await open(home);
    const noNotice = ask({ noticeTime: new Date('2026-03-01T00:00:00Z') });
    await expect(extendDeadline(deps, deps.find(), noNotice, 'ann')).rejects.toMatchObject({
      code: 'invalid',
    });
    const early = ask({ noticeTime: new Date('2025-01-31T00:00:00Z') });
    await expect(extendDeadline(deps, deps.find(), early, 'ann')).rejects.toThrow(
      /notice_time = "2025-.*is before the request/,
    );
    deps.clock.advance(20 * 24 * 60 * 60 * 1000);
    await expect(extendDeadline(deps, deps.find(), ask(), 'ann')).rejects.toThrow(/it passed at/);
    deps.projection.apply([status({ state: RequestState.REQUEST_STATE_COMPLETED, sequence: 1 })]);
    await expect(extendDeadline(deps, deps.find(), ask(), 'ann')).rejects.toThrow(/has ended/);
  });
});

describe('expireRequests', () => {
  it('says once of a request that its deadline has passed; it can still be completed', async () => {
    await using home = await openRegistryHome();
    const deps = await open(home);
    expect(await expireRequests(deps)).toBe(0);
    deps.clock.advance(10 * 24 * 60 * 60 * 1000);
    expect(await expireRequests(deps)).toBe(1);
    expect(await expireRequests(deps)).toBe(0);
    expect(deps.find().current.state).toBe(RequestState.REQUEST_STATE_EXPIRED);
    expect(deps.projection.counts.countOverdue('m1', deps.clock.now())).toBe(1);
    deps.projection.apply([status({ state: RequestState.REQUEST_STATE_COMPLETED, sequence: 2 })]);
    expect(deps.find().current.state).toBe(RequestState.REQUEST_STATE_COMPLETED);
    expect(deps.projection.counts.countOverdue('m1', deps.clock.now())).toBe(0);
  });
});

describe('yearlyReport', () => {
  const dayMs = 24 * 60 * 60 * 1000;
  const request = (change: Partial<SubmittedRequest>): SubmittedRequest => ({
    modelKey: 'm1',
    isChild: false,
    regulation: Regulation.REGULATION_CCPA,
    state: RequestState.REQUEST_STATE_COMPLETED,
    submittedMs: 0,
    deadlineMs: 45 * dayMs,
    isExtended: false,
    endedMs: undefined,
    ...change,
  });

  it('counts a year by hand', async () => {
    const requests = [
      request({ endedMs: 2 * dayMs }),
      request({ endedMs: 4 * dayMs, state: RequestState.REQUEST_STATE_NO_MATCH }),
      request({ endedMs: 60 * dayMs, isExtended: true }),
      request({ endedMs: 10 * dayMs, state: RequestState.REQUEST_STATE_DENIED }),
      request({ endedMs: dayMs, state: RequestState.REQUEST_STATE_CANCELLED }),
      request({ state: RequestState.REQUEST_STATE_ESCALATED }),
      request({ modelKey: 'm2' }),
      request({ regulation: Regulation.REGULATION_GDPR }),
    ];
    const filter = { year: 1970, modelKey: 'm1', regulation: Regulation.REGULATION_CCPA };
    const pages = [requests.slice(0, 3), [], requests.slice(3)];
    expect(await yearlyReport(pages, filter, new Date(20 * dayMs))).toEqual({
      year: 1970,
      received: 6n,
      compliedWith: 3n,
      denied: 1n,
      cancelled: 1n,
      open: 1n,
      escalated: 1n,
      extended: 1n,
      late: 1n,
      due50: 0n,
      due75: 0n,
      due90: 0n,
      meanDays: 19,
      medianDays: 7,
    });
  });

  it('counts a request over several models once, and in each model as what it is there', async () => {
    const requests = [
      request({ modelKey: '*', endedMs: 9 * dayMs }),
      request({ isChild: true, endedMs: 3 * dayMs, state: RequestState.REQUEST_STATE_NO_MATCH }),
      request({ isChild: true, modelKey: 'm2', endedMs: 9 * dayMs }),
    ];
    const filter = { year: 1970, modelKey: '', regulation: 0 as const };
    const now = new Date(10 * dayMs);
    expect(await yearlyReport([requests], filter, now)).toMatchObject({
      received: 1n,
      meanDays: 9,
    });
    const ofOne = await yearlyReport([requests], { ...filter, modelKey: 'm1' }, now);
    expect(ofOne).toMatchObject({ received: 1n, compliedWith: 1n, meanDays: 3 });
  });

  it('says how many of the open ones are near their deadline', async () => {
    const open = (submittedDay: number) =>
      request({
        state: RequestState.REQUEST_STATE_ACCEPTED,
        submittedMs: submittedDay * dayMs,
        deadlineMs: (submittedDay + 100) * dayMs,
      });
    const requests = [60, 50, 30, 25, 11, 10, 1, 0].map(open);
    const filter = { year: 1970, modelKey: '', regulation: 0 as const };
    expect(await yearlyReport([requests], filter, new Date(100 * dayMs))).toMatchObject({
      open: 8n,
      due50: 2n,
      due75: 2n,
      due90: 2n,
    });
  });

  it('is all zeros for a year without requests', async () => {
    const filter = { year: 2026, modelKey: '', regulation: 0 as const };
    expect(await yearlyReport([], filter, new Date())).toMatchObject({
      received: 0n,
      medianDays: 0,
    });
  });
});
