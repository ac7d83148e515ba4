import type {
  Consumption,
  IncomingRecord,
  MessageBus,
  OutgoingRecord,
  OwnedPartition,
} from '@lethe/bus';
import {
  DeletionStatus,
  describeSafely,
  LetheError,
  severalModels,
  topics,
} from '@lethe/contracts';
import {
  type Clock,
  deadLetterRecord,
  decodeEvent,
  encodeEvent,
  type Log,
} from '@lethe/service-kit';
import type { ProjectionCurrency } from './projection-currency.ts';
import type { RequestProjection } from './request-projection.ts';

const readLimit = 1_000;
const readWaitMs = 1_000;

interface Reporting {
  readonly clock: Clock;
  readonly log: Log;
  /** Hears how far each partition is read. */
  readonly currency?: Pick<ProjectionCurrency, 'follow'>;
  /** Hears of every model whose requests have changed. */
  readonly onModel?: (modelKey: string) => void;
}

interface Decoded {
  readonly statuses: readonly DeletionStatus[];
  readonly deadLetters: readonly OutgoingRecord[];
}

/**
 * Keeps a projection current. Each file has a consumer group of its own, named by its identity, so
 * that a new file begins at the beginning and several registries each see everything.
 */
export function projectStatuses(
  bus: MessageBus,
  projection: RequestProjection,
  options: Reporting & { readonly onFatal: (error: Error) => void },
): Promise<Consumption> {
  return bus.consume({
    group: groupOf(projection),
    topics: [topics.deletionStatus.name],
    onPartition: (partition) => follow(partition, projection, options),
    onFatal: options.onFatal,
    onRetry: (error, { partition }) =>
      options.log.warn('statuses are read anew', { partition, error }),
  });
}

/** The consumer group of a projection's file. */
export function groupOf({ id }: RequestProjection): string {
  return `registry.requests.${id}`;
}

async function follow(
  partition: OwnedPartition,
  projection: RequestProjection,
  options: Reporting,
): Promise<void> {
  using reading = options.currency?.follow(partition.partition);
  while (!partition.lost.aborted) {
    const records = await partition.read(readLimit, readWaitMs);
    const last = records.at(-1);
    if (last === undefined) {
      if (!partition.lost.aborted) reading?.read(undefined);
      continue;
    }
    const { statuses, deadLetters } = decodeAll(records, options);
    // Those of requests over several models follow from those of their parts.
    const moved = projection.apply(statuses).map(outgoing);
    for (const modelKey of new Set(statuses.map((each) => each.modelKey))) {
      if (modelKey !== severalModels) options.onModel?.(modelKey);
    }
    reading?.read(last.timestampMs);
    await partition.commit(last.offset + 1n, [...deadLetters, ...moved]);
  }
}

function outgoing(status: DeletionStatus): OutgoingRecord {
  return encodeEvent(topics.deletionStatus, status.modelKey, DeletionStatus, status);
}

function decodeAll(records: readonly IncomingRecord[], { clock, log }: Reporting): Decoded {
  const statuses: DeletionStatus[] = [];
  const deadLetters: OutgoingRecord[] = [];
  for (const record of records) {
    try {
      statuses.push(decodeStatus(record));
    } catch (thrown) {
      const { code: errorClass } = LetheError.from(thrown);
      const reason = describeSafely(thrown);
      const cause = { stage: 'registry', reason, errorClass, attempt: 1, time: clock.now() };
      deadLetters.push(deadLetterRecord(record, cause));
      log.error('record is set aside', { error: thrown, alert: 'dead_letter' });
    }
  }
  return { statuses, deadLetters };
}

/** Bytes of something else may decode: a status names its request. @throws LetheError */
function decodeStatus(record: IncomingRecord): DeletionStatus {
  const status = decodeEvent(DeletionStatus, record);
  if (status.requestId !== '' && status.modelKey !== '') return status;
  throw new LetheError('invalid', 'it names no request and model');
}
