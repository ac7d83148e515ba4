import {
  type Backoff,
  type Consumption,
  exponentialBackoff,
  type IncomingRecord,
  type MessageBus,
  type OutgoingRecord,
  type OwnedPartition,
} from '@lethe/bus';
import { LetheError, type TopicSpec } from '@lethe/contracts';
import { type Clock, systemClock } from '../clock.ts';
import type { Log } from '../log/log.ts';
import { deadLetterRecord } from './dead-letter-record.ts';
import { type Outcome, outcomeOfError } from './outcome.ts';

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
  /** Must be idempotent: a record comes again when its commit was not reached. */
  readonly handle: (record: IncomingRecord, context: HandlerContext) => Promise<Outcome>;
  readonly log: Log;
  readonly onFatal: (error: Error) => void;
  readonly clock?: Clock;
  /** Between attempts at one record. Default: 100 ms, doubling, at most 30 s. */
  readonly backoff?: Backoff;
}

const readLimit = 100;
const readWaitMs = 1_000;

/**
 * The one loop that turns handler outcomes into effects on the bus:
 * done → one commit of records and offset; retry → back-off, the same record again;
 * dead-letter → the record to `<topic>.dlq` in the commit of its offset; fatal → `onFatal`.
 *
 * A retry blocks its partition, so that no model's order changes; other partitions go on.
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

class PartitionLoop {
  readonly #partition: OwnedPartition;
  readonly #options: ConsumeRecordsOptions;
  readonly #clock: Clock;
  readonly #backoff: Backoff;

  constructor(partition: OwnedPartition, options: ConsumeRecordsOptions) {
    this.#partition = partition;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#backoff = options.backoff ?? exponentialBackoff();
  }

  async run(): Promise<void> {
    const { lost } = this.#partition;
    while (!lost.aborted) {
      for (const record of await this.#partition.read(readLimit, readWaitMs)) {
        const records = await this.#settle(record);
        if (records === 'stop') return;
        await this.#partition.commit(record.offset + 1n, records);
      }
    }
  }

  /** Handles one record until it is settled; gives what to commit with its offset. */
  async #settle(record: IncomingRecord): Promise<readonly OutgoingRecord[] | 'stop'> {
    const { lost } = this.#partition;
    const { log, stage, onFatal } = this.#options;
    const place = { topic: record.topic, partition: record.partition, offset: `${record.offset}` };
    for (let attempt = 1; !lost.aborted; attempt++) {
      const outcome = await this.#attempt(record, attempt);
      if (lost.aborted) return 'stop';
      switch (outcome.kind) {
        case 'done':
          return outcome.records;
        case 'retry': {
          const afterMs = outcome.afterMs ?? this.#backoff(attempt);
          log.warn('record is retried', { ...place, attempt, afterMs, reason: outcome.reason });
          await this.#clock.sleep(afterMs, lost).catch(() => {});
          break;
        }
        case 'dead-letter':
          log.error('record is set aside', { ...place, attempt, reason: outcome.reason });
          return [deadLetterRecord(record, { ...outcome, stage, attempt })];
        case 'fatal':
          onFatal(new LetheError('internal', outcome.reason));
          return 'stop';
        default:
          return outcome satisfies never;
      }
    }
    return 'stop';
  }

  async #attempt(record: IncomingRecord, attempt: number): Promise<Outcome> {
    try {
      return await this.#options.handle(record, { signal: this.#partition.lost, attempt });
    } catch (thrown) {
      return outcomeOfError(thrown, attempt);
    }
  }
}
