import type { Consumption, IncomingRecord, MessageBus } from '@lethe/bus';
import { describeSafely, LetheError, type Receipt, topics } from '@lethe/contracts';
import {
  type Clock,
  consumeRecords,
  deadLetter,
  deadLetterHeaders,
  done,
  foreignDeadLetter,
  type HandlerContext,
  type Log,
  type Outcome,
  outcomeOfError,
} from '@lethe/service-kit';
import type { DeletionEvent } from '../formats/cloud-event.ts';
import type { Intake } from '../intake.ts';
import type { EmitterSources } from './emitter-sources.ts';
import { type EventFacts, factsOf, receiptAnswer, refusalAnswer } from './intake-answer.ts';
import { readEvent } from './read-event.ts';

export interface ConsumeEventsOptions {
  readonly intake: Intake;
  readonly sources: EmitterSources;
  readonly log: Log;
  readonly clock: Clock;
  readonly onFatal: (error: Error) => void;
}

/** Requests of one partition that share the fsyncs of the request index and of a transaction. */
const concurrency = 128;

/**
 * Takes requests in from topic deletion.intake.v1. Each event gets one answer on
 * deletion.receipt.v1; its request, its answer and its offset are one transaction.
 *
 * Records of one key are taken in their order. Without a key there is no order to keep.
 */
export function consumeEvents(
  bus: MessageBus,
  options: ConsumeEventsOptions,
): Promise<Consumption> {
  const { log, clock, onFatal } = options;
  return consumeRecords(bus, {
    group: 'ingest',
    topics: [topics.deletionIntake],
    stage: 'ingest',
    handle: (record, context) => handleEvent(record, context, options),
    laneOf: ({ key, offset }) => (key === '' ? `${offset}` : `key ${key}`),
    concurrency,
    // The index knows a record that comes again as not committed: its event must not be out yet.
    outcomes: 'with-offset',
    deadLetterForm: foreignDeadLetter,
    log,
    clock,
    onFatal,
  });
}

async function handleEvent(
  record: IncomingRecord,
  { attempt }: HandlerContext,
  { intake, sources }: ConsumeEventsOptions,
): Promise<Outcome> {
  let event: DeletionEvent | undefined;
  let emitter = '';
  try {
    event = readEvent(record);
    emitter = sources.emitterOf(event.source);
    const origin = `${record.topic}/${record.partition}/${record.offset}`;
    const taken = await intake.takeEvent(event.request, emitter, origin);
    switch (taken.kind) {
      case 'taken':
        return done([...taken.records, receiptAnswer(record, signed(taken.receipt, intake))]);
      case 'refused':
        return refuse(record, factsOf(event, emitter), taken.error);
      default:
        return taken satisfies never;
    }
  } catch (thrown) {
    const outcome = outcomeOfError(thrown, attempt);
    if (outcome.kind !== 'dead-letter') return outcome;
    return refuse(record, factsOf(event, emitter), LetheError.from(thrown));
  }
}

function signed(receipt: Receipt, intake: Intake): Receipt {
  return { ...receipt, signedReceipt: intake.sign([receipt]) };
}

function refuse(record: IncomingRecord, facts: EventFacts, error: LetheError): Outcome {
  const about = Object.entries({
    [deadLetterHeaders.requestId]: facts.requestId,
    [deadLetterHeaders.emitter]: facts.emitter,
    [deadLetterHeaders.modelKey]: facts.modelKey,
  }).filter(([, value]) => value !== '');
  const answer = refusalAnswer(record, facts, error);
  return deadLetter(describeSafely(error), error.code, [answer], Object.fromEntries(about));
}
