import type { Consumption, IncomingRecord, MessageBus, OwnedPartition } from '@lethe/bus';
import { DeadLetterResolution, deadLetterTopics, LetheError, topics } from '@lethe/contracts';
import { decodeEvent, type Log } from '@lethe/service-kit';
import type { DeadLetterAlarm } from './dead-letter-alarm.ts';
import type { DeadLetterIndex } from './dead-letter-index.ts';
import { type ReadDeadLetter, readDeadLetter } from './read-dead-letter.ts';

const readLimit = 500;
const readWaitMs = 1_000;

export interface FollowOptions {
  readonly index: DeadLetterIndex;
  readonly alarm: DeadLetterAlarm;
  readonly log: Log;
  readonly onFatal: (error: Error) => void;
  /** Hears that entries or decisions have come. */
  readonly onChange?: () => void;
}

/**
 * Keeps an index current. Each file has a consumer group of its own, named by its identity: a new
 * file begins at the beginning, and several registries each see everything.
 */
export function followDeadLetters(bus: MessageBus, options: FollowOptions): Promise<Consumption> {
  const { index, log, onFatal } = options;
  return bus.consume({
    group: `registry.dead-letters.${index.id}`,
    topics: [...deadLetterTopics, topics.deadLetterResolved].map(({ name }) => name),
    onPartition: (partition) => follow(partition, options),
    onFatal,
    onRetry: (error, { topic, partition }) =>
      log.warn('dead letters are read anew', { topic, partition, error }),
  });
}

async function follow(partition: OwnedPartition, options: FollowOptions): Promise<void> {
  const { index, alarm, log } = options;
  const isResolved = partition.topic === topics.deadLetterResolved.name;
  while (!partition.lost.aborted) {
    const records = await partition.read(readLimit, readWaitMs);
    const last = records.at(-1);
    if (last === undefined) continue;
    const letters = isResolved ? [] : records.flatMap((record) => readable(record, log));
    const resolutions = isResolved ? records.flatMap((record) => decoded(record, log)) : [];
    for (const letter of index.apply(letters, resolutions)) alarm.raise(letter);
    options.onChange?.();
    await partition.commit(last.offset + 1n, []);
  }
}

/** What cannot even be described stays in its topic; a dead letter of it would say no more. */
function readable(record: IncomingRecord, log: Log): ReadDeadLetter[] {
  try {
    return [readDeadLetter(record)];
  } catch (error) {
    log.error('a dead letter cannot be read', { ...placeOf(record), error, alert: 'dead_letter' });
    return [];
  }
}

function decoded(record: IncomingRecord, log: Log): DeadLetterResolution[] {
  try {
    return [decodeEvent(DeadLetterResolution, record)];
  } catch (thrown) {
    log.error('a decision about a dead letter cannot be read', {
      ...placeOf(record),
      error: LetheError.from(thrown),
    });
    return [];
  }
}

function placeOf({ topic, partition, offset }: IncomingRecord) {
  return { topic, partition, offset: `${offset}` };
}
