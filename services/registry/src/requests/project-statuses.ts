import type {
  Consumption,
  IncomingRecord,
  MessageBus,
  OutgoingRecord,
  OwnedPartition,
} from '@lethe/bus';
import { DeletionStatus, describeSafely, LetheError, topics } from '@lethe/contracts';
import { deadLetterRecord, decodeEvent, type Log } from '@lethe/service-kit';
import type { RequestProjection } from './request-projection.ts';

const readLimit = 1_000;
const readWaitMs = 1_000;

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
  options: { log: Log; onFatal: (error: Error) => void },
): Promise<Consumption> {
  return bus.consume({
    group: `registry.requests.${projection.id}`,
    topics: [topics.deletionStatus.name],
    onPartition: (partition) => follow(partition, projection, options.log),
    onFatal: options.onFatal,
    onRetry: (error, { partition }) =>
      options.log.warn('statuses are read anew', { partition, error }),
  });
}

async function follow(
  partition: OwnedPartition,
  projection: RequestProjection,
  log: Log,
): Promise<void> {
  while (!partition.lost.aborted) {
    const records = await partition.read(readLimit, readWaitMs);
    const last = records.at(-1);
    if (last === undefined) continue;
    const { statuses, deadLetters } = decodeAll(records, log);
    projection.apply(statuses);
    await partition.commit(last.offset + 1n, deadLetters);
  }
}

function decodeAll(records: readonly IncomingRecord[], log: Log): Decoded {
  const statuses: DeletionStatus[] = [];
  const deadLetters: OutgoingRecord[] = [];
  for (const record of records) {
    try {
      statuses.push(decodeEvent(DeletionStatus, record));
    } catch (thrown) {
      const { code } = LetheError.from(thrown);
      const cause = { stage: 'registry', reason: describeSafely(thrown), errorClass: code };
      deadLetters.push(deadLetterRecord(record, { ...cause, attempt: 1 }));
      log.error('record is set aside', { error: thrown });
    }
  }
  return { statuses, deadLetters };
}
