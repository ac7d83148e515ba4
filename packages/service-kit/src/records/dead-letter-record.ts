import type { IncomingRecord, OutgoingRecord } from '@lethe/bus';
import { shorten } from '@lethe/contracts';

export interface DeadLetterCause {
  /** Where it happened, for example `registry`. */
  readonly stage: string;
  /** One sentence, without anything personal. */
  readonly reason: string;
  readonly errorClass: string;
  readonly attempt: number;
}

const maxReasonCharacters = 400;

/** The record for `<topic>.dlq`: original key, bytes and headers, and what went wrong. */
export function deadLetterRecord(record: IncomingRecord, cause: DeadLetterCause): OutgoingRecord {
  return {
    topic: `${record.topic}.dlq`,
    key: record.key,
    value: record.value,
    headers: {
      ...record.headers,
      'lethe-dlq-stage': cause.stage,
      'lethe-dlq-error': shorten(cause.errorClass),
      'lethe-dlq-reason': cause.reason.slice(0, maxReasonCharacters),
      'lethe-dlq-attempt': String(cause.attempt),
      'lethe-dlq-source': `${record.topic}/${record.partition}/${record.offset}`,
    },
  };
}
