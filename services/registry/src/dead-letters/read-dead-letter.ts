import type { IncomingRecord } from '@lethe/bus';
import {
  DeadLetter,
  DeadLetterState,
  DeletionRequested,
  ForeignRecord,
  parseEmitter,
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
const maxTextCharacters = 500;
const ownHeaders: ReadonlySet<string> = new Set(
  Object.values(deadLetterHeaders).filter((name) => name !== deadLetterHeaders.replayOf),
);

/**
 * A record of a dead-letter topic, also one that some other tool put there: what its headers claim
 * is cut to size, and it is never replayed into another topic than its own.
 */
export function readDeadLetter(record: IncomingRecord): ReadDeadLetter {
  const told = (name: keyof typeof deadLetterHeaders) =>
    (record.headers[deadLetterHeaders[name]] ?? '').slice(0, maxTextCharacters);
  const topic = record.topic.slice(0, -suffix.length);
  const stated = placeIn(topic, told('source'));
  const { partition, offset } = stated ?? record;
  const source = { topic, partition, offset };
  const form = told('form');
  const original = form === omittedForm ? undefined : originalOf(record, source.topic, form);
  // Without an original that is known, its own place names it: no original has that.
  const place = `${stated === undefined ? record.topic : topic}/${partition}/${offset}`;
  const letter = DeadLetter.fromPartial({
    ...source,
    id: `${place}-${sha256(original?.value ?? record.value).slice(0, 8)}`,
    stage: told('stage'),
    reason: told('reason'),
    errorClass: told('errorClass'),
    attempt: /^\d{1,9}$/.test(told('attempt')) ? Number(told('attempt')) : 0,
    time: timeOf(told('time'), record.timestampMs),
    sizeBytes: original?.value.length ?? 0,
    state: DeadLetterState.DEAD_LETTER_STATE_OPEN,
    replayOf: told('replayOf'),
    hasBody: original !== undefined,
    ...requestIn(record, source.topic, original),
  });
  return { letter, lane: record.key, original };
}

function placeIn(topic: string, source: string) {
  if (!source.startsWith(`${topic}/`)) return undefined;
  const [, partition, offset] =
    /^(\d{1,9})\/(\d{1,15})$/.exec(source.slice(topic.length + 1)) ?? [];
  if (partition === undefined || offset === undefined) return undefined;
  return { partition: Number(partition), offset: BigInt(offset) };
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
    emitter: readable(() => parseEmitter(record.headers[deadLetterHeaders.emitter] ?? '')) ?? '',
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
