import type { IncomingRecord } from '@lethe/bus';
import {
  DeadLetter,
  DeadLetterState,
  DeletionRequested,
  ForeignRecord,
  parseModelKey,
  parseRequestId,
  sha256,
  topics,
} from '@lethe/contracts';
import { deadLetterHeaders, foreignForm, omittedForm } from '@lethe/service-kit';

/** What a replay sends. */
export interface Original {
  readonly topic: string;
  readonly key: string;
  readonly value: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ReadDeadLetter {
  readonly letter: DeadLetter;
  /** Records with the same lane came in order. */
  readonly lane: string;
  /** `undefined` when the dead letter does not hold it. */
  readonly original: Original | undefined;
}

const suffix = '.dlq';
const ownHeaders: ReadonlySet<string> = new Set(
  Object.values(deadLetterHeaders).filter((name) => name !== deadLetterHeaders.replayOf),
);

/** A record of a dead-letter topic, also one that some other tool put there. */
export function readDeadLetter(record: IncomingRecord): ReadDeadLetter {
  const told = (name: keyof typeof deadLetterHeaders) =>
    record.headers[deadLetterHeaders[name]] ?? '';
  const source = placeOf(told('source')) ?? {
    topic: record.topic.slice(0, -suffix.length),
    partition: record.partition,
    offset: record.offset,
  };
  const form = told('form');
  const original = form === omittedForm ? undefined : originalOf(record, source.topic, form);
  const place = `${source.topic}/${source.partition}/${source.offset}`;
  const letter = DeadLetter.fromPartial({
    ...source,
    id: `${place}-${sha256(original?.value ?? record.value).slice(0, 8)}`,
    stage: told('stage'),
    reason: told('reason'),
    errorClass: told('errorClass'),
    attempt: Number(told('attempt')) || 0,
    time: timeOf(told('time'), record.timestampMs),
    sizeBytes: original?.value.length ?? 0,
    state: DeadLetterState.DEAD_LETTER_STATE_OPEN,
    replayOf: told('replayOf'),
    hasBody: original !== undefined,
    ...requestIn(record, source.topic, original),
  });
  return { letter, lane: record.key, original };
}

function placeOf(text: string) {
  const [, topic, partition, offset] =
    /^([A-Za-z0-9._-]{1,249})\/(\d{1,9})\/(\d{1,18})$/.exec(text) ?? [];
  if (topic === undefined || partition === undefined || offset === undefined) return undefined;
  return { topic, partition: Number(partition), offset: BigInt(offset) };
}

function originalOf(record: IncomingRecord, topic: string, form: string): Original {
  if (form === foreignForm) {
    const { key, headers, value } = ForeignRecord.decode(record.value);
    return { topic, key, headers, value };
  }
  const headers = Object.entries(record.headers).filter(([name]) => !ownHeaders.has(name));
  return { topic, key: record.key, value: record.value, headers: Object.fromEntries(headers) };
}

function timeOf(text: string, timestampMs: number): Date {
  const stated = new Date(text);
  return Number.isNaN(stated.getTime()) ? new Date(timestampMs) : stated;
}

/** Which request and model a dead letter is about, as far as that can be read. */
function requestIn(record: IncomingRecord, topic: string, original: Original | undefined) {
  if (topic === topics.deletionRequested.name && original !== undefined) {
    const request = readable(() => DeletionRequested.decode(original.value));
    const requestId = readable(() => parseRequestId(request?.requestId ?? ''));
    if (request !== undefined && requestId !== undefined) {
      const { emitter, deadline } = request;
      return { requestId, emitter, deadline, modelKey: modelKeyOf(request.modelKey) };
    }
  }
  return {
    requestId:
      readable(() => parseRequestId(record.headers[deadLetterHeaders.requestId] ?? '')) ?? '',
    emitter: record.headers[deadLetterHeaders.emitter] ?? '',
    modelKey: modelKeyOf(record.headers[deadLetterHeaders.modelKey] ?? record.key),
  };
}

/** A key that is no model key may be anything: it is not shown. */
function modelKeyOf(text: string): string {
  return readable(() => parseModelKey(text)) ?? '';
}

function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
