import { join } from 'node:path';
import { DeletionStatus, RequestState } from '@lethe/contracts';
import { ManualClock } from '@lethe/service-kit/testing';
import { type RecordedTelemetry, recordTelemetry } from '@lethe/telemetry/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DeadLetterIndex } from '../dead-letters/dead-letter-index.ts';
import { RequestProjection } from '../requests/request-projection.ts';
import { openRegistryHome } from '../testing/registry-home.ts';
import { observeRegistry } from './observe-registry.ts';
import { accuraciesOf } from './served-accuracy.ts';

const hourMs = 3_600_000;
const now = new Date('2026-02-01T12:00:00Z');
const at = (hours: number) => new Date(now.getTime() + hours * hourMs);

let telemetry: RecordedTelemetry;
beforeAll(() => {
  telemetry = recordTelemetry();
});
afterAll(() => telemetry[Symbol.asyncDispose]());

function status(id: number, change: Partial<DeletionStatus>): DeletionStatus {
  return DeletionStatus.fromPartial({
    requestId: `r${id}`,
    emitter: 'shop',
    modelKey: 'm1',
    state: RequestState.REQUEST_STATE_ACCEPTED,
    submittedTime: at(-48),
    deadline: at(240),
    ...change,
  } as DeletionStatus);
}

describe('observeRegistry', () => {
  it('tells what is open, how old, how near to its deadline, and what will be late', async () => {
    await using home = await openRegistryHome();
    using projection = RequestProjection.open(home.projectionFile);
    using deadLetters = DeadLetterIndex.open(join(home.folder, 'letters.sqlite'));
    const completed = { state: RequestState.REQUEST_STATE_COMPLETED, time: at(-1) };
    projection.apply([
      // Two a day: the first of the three open ones is done in twelve hours.
      ...[1, 2].flatMap((id) => [status(id, {}), status(id, completed)]),
      status(3, { deadline: at(5), submittedTime: at(-72) }),
      status(4, { deadline: at(-1) }),
      status(5, { state: RequestState.REQUEST_STATE_ESCALATED }),
      status(6, { modelKey: 'm2', deadline: undefined as never }),
    ]);
    await using _gauges = observeRegistry({
      projection,
      currency: { isCurrent: async () => true },
      deadLetters,
      lineage: home.lineage,
      purgesDue: new Map([['m1', 3]]),
      clock: new ManualClock(now),
    });
    await telemetry.scrape();
    const text = async () => (await telemetry.scrape()).split('\n');
    await expect.poll(text).toContain('lethe_requests_open{model="m1"} 3');
    expect(await text()).toEqual(
      expect.arrayContaining([
        'lethe_requests_open{model="m2"} 1',
        `lethe_requests_oldest_age{model="m1"} ${72 * 3600}`,
        'lethe_requests_overdue{model="m1"} 1',
        'lethe_requests_escalated{model="m1"} 1',
        'lethe_deadline_least_remaining{model="m1"} -3600',
        'lethe_deadline_forecast_late{model="m1"} 2',
        'lethe_purge_due{model="m1"} 3',
        'lethe_dead_letters_open{holds="request"} 0',
      ]),
    );
    // A request without a deadline makes none up.
    expect((await text()).join('\n')).not.toContain('lethe_deadline_least_remaining{model="m2"}');
  });
});

describe('accuraciesOf', () => {
  const check = (name: string, observed: number, value = 0) => ({
    name,
    observed,
    value,
    sampleCount: 9,
  });
  const verdict = (...checks: object[]) => ({ checks }) as never;

  it('takes the sides of differences, and shares as they are', () => {
    const untrain = verdict(
      check('held_out_accuracy.vs_original', 0.5),
      check('held_out_accuracy.vs_served', 0.9),
      check('forget_accuracy.vs_unseen.window', 0.1),
      check('forget_accuracy.vs_unseen', 0.7),
    );
    expect(accuraciesOf(untrain)).toEqual({ retained: 0.9, forgotten: 0.7 });
    const misclassify = verdict(check('forget_accuracy.given_label', 0, 0.05));
    expect(accuraciesOf(misclassify)).toEqual({ retained: undefined, forgotten: 0.05 });
  });

  it('says nothing of what was not measured', () => {
    const thin = { ...check('held_out_accuracy.vs_served', 0), sampleCount: 0 };
    expect(accuraciesOf(verdict(thin))).toEqual({ retained: undefined, forgotten: undefined });
  });
});
