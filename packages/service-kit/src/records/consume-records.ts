import type { Backoff, Consumption, IncomingRecord, MessageBus } from '@lethe/bus';
import type { TopicSpec } from '@lethe/contracts';
import type { Clock } from '../clock.ts';
import { WorkWatch } from '../lifecycle/work-watch.ts';
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
  /** Says that it gets on, where that takes long: see `stuckAfterMs`. */
  readonly beat: () => void;
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
  /**
   * When no handler of this consumer has begun, ended or beaten for so long while some are at work,
   * the process counts as stuck and should be replaced. Default 15 minutes.
   */
  readonly stuckAfterMs?: number;
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
export async function consumeRecords(
  bus: MessageBus,
  options: ConsumeRecordsOptions,
): Promise<Consumption> {
  const { group, stuckAfterMs = defaultStuckAfterMs } = options;
  const watch = new WorkWatch(`handling records as group ${group}`, stuckAfterMs);
  const consumption = await bus.consume({
    group,
    topics: options.topics.map(({ name }) => name),
    onPartition: (partition) => new PartitionLoop(partition, options, watch).run(),
    onFatal: options.onFatal,
    onRetry: (error, { topic, partition }) =>
      options.log.warn('trouble with a partition, tried again', { topic, partition, error }),
  });
  return {
    owned: () => consumption.owned(),
    async [Symbol.asyncDispose]() {
      await consumption[Symbol.asyncDispose]();
      watch[Symbol.dispose]();
    },
  };
}

const defaultStuckAfterMs = 15 * 60_000;
