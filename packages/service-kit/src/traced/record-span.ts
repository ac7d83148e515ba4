import type { IncomingRecord } from '@lethe/bus';
import { traceparentHeader } from '@lethe/telemetry';

export type HandledRecord = Pick<IncomingRecord, 'topic' | 'partition' | 'offset' | 'headers'>;

/** `messaging.system` of the embedded bus. */
export const embeddedSystem = 'lethe';

/**
 * Name and options of the span in which a record is handled: it continues the trace of who sent it.
 *
 * @param system of the bus, as OpenTelemetry names it
 */
export function recordSpan(
  { topic, partition, offset, headers }: HandledRecord,
  system: string = embeddedSystem,
) {
  return {
    name: `process ${topic}`,
    kind: 'consumer',
    parent: { traceparent: headers[traceparentHeader] },
    attributes: {
      'messaging.system': system,
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': topic,
      'messaging.destination.partition.id': String(partition),
      [system === 'kafka' ? 'messaging.kafka.offset' : 'lethe.offset']: String(offset),
    },
  } as const;
}
