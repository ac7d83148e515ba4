import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { count, measure, observe } from './instruments.ts';
import { type RecordedTelemetry, recordTelemetry } from './testing/recorded-telemetry.ts';

let telemetry: RecordedTelemetry;
beforeAll(() => {
  telemetry = recordTelemetry();
});
afterAll(() => telemetry[Symbol.asyncDispose]());

describe('instruments', () => {
  it('exports counters, histograms with an hour in their buckets, and gauges', async () => {
    count('lethe.escalations', { model: 'm' }, 3);
    measure('lethe.round.duration', 400, { model: 'm', method: 'lethe', outcome: 'committed' });
    using _gauge = observe('lethe.backlog.requests', () => [
      { value: 2, attributes: { model: 'm' } },
    ]);
    const text = await telemetry.scrape();
    expect(text).toMatch(/lethe_escalations_total\{.*model="m".*\} 3/);
    expect(text).toMatch(/lethe_round_duration_bucket\{.*le="300".*\} 0/);
    expect(text).toMatch(/lethe_round_duration_bucket\{.*le="3600".*\} 1/);
    expect(text).toMatch(/lethe_backlog_requests\{model="m"\} 2/);
  });

  it('asks no gauge any more that was disposed of', async () => {
    observe('lethe.backlog.requests', () => [{ value: 9, attributes: { model: 'm' } }])[
      Symbol.dispose
    ]();
    expect(await telemetry.scrape()).not.toMatch(/lethe_backlog_requests\{model="m"\} 9/);
  });

  it('keeps a hundred thousand models from becoming as many series', async () => {
    for (let at = 0; at < 100_000; at++) {
      count('lethe.round.samples', { model: `model-${at}` });
    }
    const series = (await telemetry.scrape()).match(/^lethe_round_samples_total\{/gm) ?? [];
    expect(series.length).toBeLessThanOrEqual(201);
    // The label is full now: what else is read is added up under `other`.
    using _gauge = observe('lethe.backlog.requests', () => [
      { value: 2, attributes: { model: 'late-1' } },
      { value: 3, attributes: { model: 'late-2' } },
    ]);
    expect(await telemetry.scrape()).toMatch(/lethe_backlog_requests\{model="other"\} 5/);
  });
});
