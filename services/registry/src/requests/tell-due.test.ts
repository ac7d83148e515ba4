import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OutgoingRecord } from '@lethe/bus';
import { DeletionStatus, RequestState } from '@lethe/contracts';
import { silentLog } from '@lethe/service-kit';
import { ManualClock } from '@lethe/service-kit/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RequestProjection } from './request-projection.ts';
import { tellDue } from './tell-due.ts';

const dayMs = 24 * 60 * 60 * 1000;
const submitted = new Date('2026-01-10T00:00:00Z');
const request = DeletionStatus.fromPartial({
  requestId: 'r',
  emitter: 'shop',
  modelKey: 'm1',
  state: RequestState.REQUEST_STATE_ACCEPTED,
  time: submitted,
  submittedTime: submitted,
  deadline: new Date(submitted.getTime() + 100 * dayMs),
});

let folder: string;
let projection: RequestProjection;
let clock: ManualClock;
let published: DeletionStatus[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lethe-due-'));
  projection = RequestProjection.open(join(folder, 'requests.sqlite'));
  clock = new ManualClock(submitted);
  published = [];
  projection.apply([request]);
});
afterEach(() => {
  projection[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

async function tellAfter(days: number): Promise<number[]> {
  clock.advance(submitted.getTime() + days * dayMs - clock.now().getTime());
  const before = published.length;
  const publish = async (records: readonly OutgoingRecord[]) =>
    void published.push(...records.map(({ value }) => DeletionStatus.decode(value)));
  await tellDue({ projection, clock, log: silentLog, publish });
  return published.slice(before).map(({ clockPercent }) => clockPercent);
}

const stands = () => projection.find('r', 'shop')[0]!;

describe('the legal time of an open request', () => {
  it('is spoken of at 50, 75 and 90 percent, once each; the request stands where it stood', async () => {
    const told: number[][] = [];
    for (const day of [49, 50, 51, 74.9, 75, 89, 90, 99, 120]) told.push(await tellAfter(day));
    expect(told).toEqual([[], [50], [], [], [75], [], [90], [], []]);
    expect(published[0]).toMatchObject({ state: RequestState.REQUEST_STATE_DUE });
    expect(stands().current.state).toBe(RequestState.REQUEST_STATE_ACCEPTED);
    expect(stands().history).toHaveLength(4);
  });

  it('is spoken of at once where the person asked long ago', async () => {
    expect(await tellAfter(80)).toEqual([75]);
    expect(await tellAfter(91)).toEqual([90]);
  });

  it('begins anew with a longer deadline', async () => {
    expect(await tellAfter(92)).toEqual([90]);
    const state = RequestState.REQUEST_STATE_EXTENDED;
    const longer = new Date(submitted.getTime() + 200 * dayMs);
    projection.apply([{ ...request, state, time: clock.now(), deadline: longer }]);
    expect(await tellAfter(99)).toEqual([]);
    expect(await tellAfter(101)).toEqual([50]);
    expect(await tellAfter(185)).toEqual([90]);
  });

  it('is nobody’s matter once the request has ended, and is again when it is opened again', async () => {
    const completed = RequestState.REQUEST_STATE_COMPLETED;
    projection.apply([{ ...request, state: completed, sequence: 1, time: clock.now() }]);
    expect(await tellAfter(60)).toEqual([]);
    const reopened = RequestState.REQUEST_STATE_REOPENED;
    projection.apply([{ ...request, state: reopened, sequence: 2, time: clock.now() }]);
    expect(await tellAfter(76)).toEqual([75]);
  });
});
