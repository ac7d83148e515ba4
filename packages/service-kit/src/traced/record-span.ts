import type { IncomingRecord } from '@lethe/bus';
import { traceparentHeader } from '@lethe/telemetry';

/** Name and options of the span in which a record is handled: it continues the trace of who sent it. */
export function recordSpan({
  topic,
  partition,
  offset,
  headers,
}: Pick<IncomingRecord, 'topic' | 'partition' | 'offset' | 'headers'>) {
  return {
    name: `process ${topic}`,
    kind: 'consumer',
    parent: { traceparent: headers[traceparentHeader] },
    attributes: {
      'messaging.system': 'lethe',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': topic,
      'messaging.destination.partition.id': String(partition),
      'lethe.offset': String(offset),
    },
  } as const;
}
