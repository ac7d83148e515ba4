import type { IncomingRecord, OutgoingRecord } from '@lethe/bus';
import { ForeignRecord, LetheError, sha256, shorten } from '@lethe/contracts';

export interface DeadLetterCause {
  /** Where it happened, for example `registry`. */
  readonly stage: string;
  /** One sentence, without anything personal. */
  readonly reason: string;
  readonly errorClass: string;
  readonly attempt: number;
  readonly time: Date;
  /** What could be read of the record, by header name. Nothing personal. */
  readonly about?: Readonly<Record<string, string>>;
}

export type DeadLetterForm = (record: IncomingRecord, cause: DeadLetterCause) => OutgoingRecord;

/** Headers of a dead letter, beside those of the original. Nothing in them is personal (P6). */
export const deadLetterHeaders = {
  stage: 'lethe-dlq-stage',
  errorClass: 'lethe-dlq-error',
  reason: 'lethe-dlq-reason',
  attempt: 'lethe-dlq-attempt',
  time: 'lethe-dlq-time',
  /** `topic/partition/offset` of the original: the identity of the dead letter. */
  source: 'lethe-dlq-source',
  /** Set when the bytes are not the original's own; says what they are. */
  form: 'lethe-dlq-form',
  /** On a replayed record: the dead letter it comes from. */
  replayOf: 'lethe-dlq-replay-of',
  /** Which request it is, where its bytes do not say. */
  requestId: 'lethe-dlq-request-id',
  emitter: 'lethe-dlq-emitter',
  modelKey: 'lethe-dlq-model',
} as const;

/** The bytes are a lethe.v1.ForeignRecord: key, headers and bytes of the original. */
export const foreignForm = 'foreign-record';
/** The bus found the original too big for a dead letter: it is only in its own topic. */
export const omittedForm = 'omitted';

const maxReasonCharacters = 400;
/** A dead letter up to this size is never what a bus finds too big. */
const alwaysFits = 256 * 1024;

/**
 * The record for `<topic>.dlq`: original key, bytes and headers, and what went wrong. The same
 * record set aside twice (a crash came before its offset was passed) has the same `source`.
 */
export function deadLetterRecord(record: IncomingRecord, cause: DeadLetterCause): OutgoingRecord {
  const { key, value, headers } = record;
  return {
    topic: `${record.topic}.dlq`,
    key,
    value,
    headers: { ...headers, ...causeHeaders(record, cause) },
  };
}

/**
 * The dead letter of a record that strangers made: their key and headers may be personal, so they
 * go inside (P6). Its own key says only where it came from, which keeps the order.
 */
export function foreignDeadLetter(record: IncomingRecord, cause: DeadLetterCause): OutgoingRecord {
  const { topic, partition, key, headers, value } = record;
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const replayOf = headers[deadLetterHeaders.replayOf];
  return {
    topic: `${topic}.dlq`,
    key: `${topic}-${partition}`,
    value: ForeignRecord.encode({ key, headers, value: bytes }).finish(),
    headers: {
      ...causeHeaders(record, cause),
      [deadLetterHeaders.form]: foreignForm,
      ...(replayOf === undefined ? {} : { [deadLetterHeaders.replayOf]: replayOf }),
    },
  };
}

/** What a dead letter says of its record and of what went wrong. */
function causeHeaders(
  { topic, partition, offset }: IncomingRecord,
  cause: DeadLetterCause,
): Record<string, string> {
  return {
    ...cause.about,
    [deadLetterHeaders.stage]: cause.stage,
    [deadLetterHeaders.errorClass]: shorten(cause.errorClass),
    [deadLetterHeaders.reason]: cause.reason.slice(0, maxReasonCharacters),
    [deadLetterHeaders.attempt]: String(cause.attempt),
    [deadLetterHeaders.time]: cause.time.toISOString(),
    [deadLetterHeaders.source]: `${topic}/${partition}/${offset}`,
  };
}

/** A big dead letter with size and digest in the place of its bytes; a small one as it is. */
export function withoutBody(letter: OutgoingRecord): OutgoingRecord {
  if (letter.value.length <= alwaysFits) return letter;
  const description = `${letter.value.length} bytes, SHA-256 ${sha256(letter.value)}`;
  return {
    ...letter,
    value: Buffer.from(description),
    headers: { ...letter.headers, [deadLetterHeaders.form]: omittedForm },
  };
}

/**
 * Commits records. Where the bus finds them too big, dead letters among them go without their bytes:
 * one must not stop its partition.
 *
 * @param lightened the same records in the same order, those that may with {@link withoutBody}
 */
export async function commitOrLighten(
  records: readonly OutgoingRecord[],
  lightened: () => readonly OutgoingRecord[],
  commit: (records: readonly OutgoingRecord[]) => Promise<void>,
): Promise<void> {
  try {
    await commit(records);
  } catch (thrown) {
    const lighter = lightened();
    const isLighter = lighter.some((record, at) => record !== records[at]);
    if (LetheError.from(thrown).code !== 'capacity' || !isLighter) throw thrown;
    await commit(lighter);
  }
}
