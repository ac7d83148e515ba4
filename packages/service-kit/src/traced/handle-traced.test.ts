import type { IncomingRecord } from '@lethe/bus';
import { type RecordedTelemetry, recordTelemetry } from '@lethe/telemetry/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { deadLetter, fatal, retry } from '../records/outcome.ts';
import { handleTraced } from './handle-traced.ts';

let telemetry: RecordedTelemetry;
beforeAll(() => {
  telemetry = recordTelemetry();
});
afterAll(() => telemetry[Symbol.asyncDispose]());

const record: IncomingRecord = {
  topic: 'model.verdict.v1',
  partition: 2,
  offset: 7n,
  key: 'm',
  value: new Uint8Array(),
  headers: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
  timestampMs: 0,
};

it.each([
  ['retry', retry('why')],
  ['dead letter', deadLetter('why')],
  ['fatal', fatal('why')],
] as const)(
  'tells of a record that ended so: %s, in the trace of its sender',
  async (event, outcome) => {
    await handleTraced(record, { group: 'g', stage: 'registry', attempt: 3 }, async () => outcome);
    const span = telemetry.spans().at(-1);
    expect(span?.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
    expect(span?.attributes).toMatchObject({ 'lethe.attempt': 3, 'lethe.outcome': outcome.kind });
    expect(span?.events).toMatchObject([{ name: event, attributes: { reason: 'why' } }]);
    expect(await telemetry.scrape()).toContain(
      `messaging_process_duration_count{messaging_system="lethe",messaging_operation_name="process",messaging_destination_name="model.verdict.v1",messaging_consumer_group_name="g",outcome="${outcome.kind}"} 1`,
    );
  },
);
