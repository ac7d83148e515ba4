import type { IncomingRecord, OutgoingRecord } from '@lethe/bus';
import {
  describeSafely,
  IntakeAnswer,
  type LetheError,
  parseModelKey,
  parseRequestId,
  type Receipt,
  topics,
} from '@lethe/contracts';
import { encodeEvent } from '@lethe/service-kit';
import type { DeletionEvent } from '../formats/cloud-event.ts';

/** What could be read of an event that is refused. Nothing personal. */
export interface EventFacts {
  readonly requestId: string;
  readonly emitter: string;
  readonly modelKey: string;
}

const noFacts: EventFacts = { requestId: '', emitter: '', modelKey: '' };
/** Key of answers to events whose model could not be read. */
const unknownModel = 'unknown';
const maxFieldCharacters = 80;

/** Only ids and names that have their form are told on: anything else may be anything. */
export function factsOf(event: DeletionEvent | undefined, emitter: string): EventFacts {
  if (event?.request.kind !== 'read') return { ...noFacts, emitter };
  const { request } = event.request;
  return {
    emitter,
    requestId: readable(() => parseRequestId(request.requestId)),
    modelKey: readable(() => parseModelKey(request.modelKey)),
  };
}

export function receiptAnswer(record: IncomingRecord, receipt: Receipt): OutgoingRecord {
  const { requestId, emitter, modelKey } = receipt;
  const answer = { $case: 'receipt', value: receipt } as const;
  return encode({ event: placeOf(record), requestId, emitter, modelKey, answer });
}

/** Says what is wrong and what to do, never what was sent (P6). */
export function refusalAnswer(
  record: IncomingRecord,
  facts: EventFacts,
  error: LetheError,
): OutgoingRecord {
  const value = {
    code: error.code,
    reason: describeSafely(error),
    fields: error.violations.map(({ field, description, remedy }) => ({
      field: field.slice(0, maxFieldCharacters),
      description,
      remedy,
    })),
  };
  return encode({ event: placeOf(record), ...facts, answer: { $case: 'refusal', value } });
}

function encode(answer: IntakeAnswer): OutgoingRecord {
  const key = answer.modelKey || unknownModel;
  return encodeEvent(topics.deletionReceipt, key, IntakeAnswer, answer);
}

function placeOf({ topic, partition, offset }: IncomingRecord): string {
  return `${topic}/${partition}/${offset}`;
}

function readable(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
