import type { OutgoingRecord } from '@lethe/bus';
import { traceparentHeader } from '@lethe/telemetry';

/** The record with a trace context; one that has a context already keeps it. */
export function withTraceparent(
  record: OutgoingRecord,
  traceparent: string | undefined,
): OutgoingRecord {
  if (traceparent === undefined || record.headers?.[traceparentHeader] !== undefined) return record;
  return { ...record, headers: { ...record.headers, [traceparentHeader]: traceparent } };
}
