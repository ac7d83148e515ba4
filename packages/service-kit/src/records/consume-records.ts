import type { Backoff, Consumption, IncomingRecord, MessageBus } from '@lethe/bus';
import type { TopicSpec } from '@lethe/contracts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log/log.ts';
import type { DeadLetterForm } from './dead-letter-record.ts';
import type { Outcome } from './outcome.ts';
import { PartitionLoop } from './partition-loop.ts';
import type { OutcomeTiming } from './settled-records.ts';

export interface HandlerContext {
  /** Aborted when the partition is lost. */
  readonly signal: AbortSignal;
  /** 1 for the first. */
  readonly attempt: number;
}

export interface ConsumeRecordsOptions {
  readonly group: string;
  readonly topics: readonly TopicSpec[];
  /** Named in dead letters, for example `registry`. */
  readonly stage: string;
  /**
   * Must be idempotent: a record comes again when its commit was not reached. Records of one lane
   * are handled one after the other, those of several lanes at once.
   */
  readonly handle: (record: IncomingRecord, context: HandlerContext) => Promise<Outcome>;
  readonly log: Log;
  readonly onFatal: (error: Error) => void;
  readonly clock?: Clock;
  /** Between attempts at one record. Default: 100 ms, doubling, at most 30 s. */
  readonly backoff?: Backoff;
  /** What must stay in order with each other. Default: the records of one key. */
  readonly laneOf?: (record: IncomingRecord) => string;
  /** Lanes of one partition whose records are handled at the same time. Default 8. */
  readonly concurrency?: number;
  /** Most records of one partition read and not yet settled. Default 1,000. */
  readonly windowSize?: number;
  /** Most bytes of theirs; one read may go beyond. Default 32 MiB. */
  readonly windowBytes?: number;
  /** When what came of a record is written. Default: `at-once`. */
  readonly outcomes?: OutcomeTiming;
  /** How a record that was set aside is written. Default: key, bytes and headers as they came. */
  readonly deadLetterForm?: DeadLetterForm;
}

/**
 * The one loop that turns handler outcomes into effects on the bus:
 * done → its records and the offset in one transaction; retry → back-off, the same record again;
 * dead-letter → the record to `<topic>.dlq` in that transaction; fatal → `onFatal`.
 *
 * A retry keeps back what has the same key, and nothing else.
 */
export function consumeRecords(
  bus: MessageBus,
  options: ConsumeRecordsOptions,
): Promise<Consumption> {
  return bus.consume({
    group: options.group,
    topics: options.topics.map(({ name }) => name),
    onPartition: (partition) => new PartitionLoop(partition, options).run(),
    onFatal: options.onFatal,
    onRetry: (error, { topic, partition }) =>
      options.log.warn('partition is handed over anew', { topic, partition, error }),
  });
}
