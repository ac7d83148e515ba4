import type { IncomingRecord, OutgoingRecord } from '@lethe/bus';
import { count, inSpan, measure } from '@lethe/telemetry';
import type { Outcome } from '../records/outcome.ts';
import { recordSpan } from './record-span.ts';
import { withTraceparent } from './with-traceparent.ts';

export interface HandlingPlace {
  readonly group: string;
  readonly stage: string;
  readonly attempt: number;
  /** Of the bus. */
  readonly system?: string | undefined;
}

/**
 * Handles a record inside a span that continues the trace of who sent it. What comes of it goes
 * out in the context of this span, however late and with whatever else it is committed.
 *
 * @param work must not throw: what goes wrong is an outcome
 */
export function handleTraced(
  record: IncomingRecord,
  { group, stage, attempt, system }: HandlingPlace,
  work: () => Promise<Outcome>,
): Promise<Outcome> {
  const topic = record.topic;
  const { name, attributes, ...continued } = recordSpan(record, system);
  const options = {
    ...continued,
    attributes: {
      ...attributes,
      'messaging.consumer.group.name': group,
      'lethe.attempt': attempt,
    },
  };
  return inSpan(name, options, async (span) => {
    const startedMs = performance.now();
    const outcome = await work();
    measure('messaging.process.duration', (performance.now() - startedMs) / 1000, {
      'messaging.system': attributes['messaging.system'],
      'messaging.operation.name': attributes['messaging.operation.name'],
      'messaging.destination.name': topic,
      'messaging.consumer.group.name': group,
      outcome: outcome.kind,
    });
    span.set({ 'lethe.outcome': outcome.kind });
    const inContext = (records: readonly OutgoingRecord[]) =>
      records.map((each) => withTraceparent(each, span.traceparent));
    switch (outcome.kind) {
      case 'done':
        return { ...outcome, records: inContext(outcome.records) };
      case 'retry':
        span.event('retry', { reason: outcome.reason });
        count('lethe.record.retries', { 'messaging.destination.name': topic, stage });
        return outcome;
      case 'dead-letter':
        span.event('dead letter', { reason: outcome.reason });
        count('lethe.dead_letters', { 'messaging.destination.name': topic, stage });
        return { ...outcome, records: inContext(outcome.records ?? []) };
      case 'fatal':
        span.event('fatal', { reason: outcome.reason });
        return outcome;
      default:
        return outcome satisfies never;
    }
  });
}
