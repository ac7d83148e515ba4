import type { LetheError, TopicSpec } from '@lethe/contracts';

/** A record to be written. The partition follows from the key (murmur2, as Kafka's default). */
export interface OutgoingRecord {
  readonly topic: string;
  readonly key: string;
  readonly value: Uint8Array;
  /** Trace context, content type; never anything personal. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A record as it was read. */
export interface IncomingRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly key: string;
  readonly value: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  readonly timestampMs: number;
  /**
   * Why the bus could not read what lies here, where that is so: `value` is that, as it travelled.
   * Whoever decodes the record throws it, so that it is set aside.
   */
  readonly fault?: LetheError;
}

/** Where a group stands in a partition, and what its owner wrote beside it. */
export interface CommittedPlace {
  readonly offset: bigint;
  /** The `mark` of the last commit; empty where there was none. */
  readonly mark: string;
}

/** A mark is committed with every offset; Kafka brokers take so many bytes (`offset.metadata.max.bytes`). */
export const maxMarkBytes = 4096;

/**
 * One partition, owned by this member of its group until `lost` aborts.
 *
 * Invariants every adapter keeps:
 * 1. Owner before reader: when the partition is handed over, all former owners are already
 *    fenced, and only then is the committed offset read.
 * 2. `commit` is one transaction: the records become visible, and offset and mark are set, or
 *    nothing is.
 * 3. After `lost`, `read` gives nothing and `commit` throws `fenced`.
 */
export interface OwnedPartition {
  /** As {@link MessageBus.system}, where whoever traces has said so. */
  readonly system?: string;
  readonly topic: string;
  readonly partition: number;
  /** What the group had committed at the hand-over; the oldest offset where it never had. */
  readonly start: CommittedPlace;
  /** Aborted when ownership ends: rebalance, fencing, shutdown. */
  readonly lost: AbortSignal;
  /**
   * The next records in order, at most `limit`; waits up to `waitMs` for the first one.
   * Not calling `read` for minutes is fine: it pauses the partition, ownership stays.
   */
  read(limit: number, waitMs: number): Promise<readonly IncomingRecord[]>;
  /**
   * Writes `records` and moves the committed offset to `nextOffset` (last handled + 1, or
   * `start.offset` again while nothing is handled).
   *
   * @param mark what the next owner finds beside the offset: ASCII, at most {@link maxMarkBytes}
   * @throws LetheError `invalid` for a mark that is too long; `fenced` when another owner has taken over; `unavailable` when the
   * outcome cannot be found out: the partition is then lost and will be handed over anew.
   */
  commit(nextOffset: bigint, records: readonly OutgoingRecord[], mark?: string): Promise<void>;
}

export interface ConsumeOptions {
  readonly group: string;
  readonly topics: readonly string[];
  /**
   * Runs for as long as the partition is owned; called once per hand-over.
   * When it throws, the partition is handed over anew after a back-off, from the committed offset.
   * When it returns before `lost`, the partition stays owned and idle.
   */
  readonly onPartition: (partition: OwnedPartition) => Promise<void>;
  /**
   * Hears of what `onPartition` threw while it owned the partition, and of a hand-over or a
   * transaction that failed and is tried again; for the log.
   */
  readonly onRetry?: (
    error: Error,
    partition: { readonly topic: string; readonly partition: number },
  ) => void;
  /** A failure that this consumer cannot recover from by itself. */
  readonly onFatal: (error: Error) => void;
}

/** A running membership in a consumer group. Disposing it waits for every `onPartition` to return. */
export interface Consumption extends AsyncDisposable {
  /** Partitions owned now, as `topic/partition`. */
  owned(): readonly string[];
}

export interface PartitionLag {
  readonly topic: string;
  readonly partition: number;
  readonly committed: bigint;
  readonly end: bigint;
  /** Records written and not yet committed by the group. */
  readonly lag: bigint;
}

/**
 * A durable, partitioned log with consumer groups. Adapters: {@link SqliteBus} (embedded) and
 * {@link KafkaBus}; both pass `describeMessageBus` in bus-contract.ts.
 */
export interface MessageBus extends AsyncDisposable {
  /** What OpenTelemetry calls it (`messaging.system`). Default: Lethe's own. */
  readonly system?: string;
  /** Creates missing topics. @throws LetheError `precondition` when one exists with other partitions */
  ensureTopics(specs: readonly TopicSpec[]): Promise<void>;
  /**
   * Durable when the promise resolves: on the disk, or with all replicas in sync.
   *
   * @throws LetheError `capacity`, `not_found`: nothing was written. `unavailable`: it is not known
   * what was written, all or nothing with {@link SqliteBus}, each partition on its own with
   * {@link KafkaBus}; the records may be published again.
   */
  publish(records: readonly OutgoingRecord[]): Promise<void>;
  consume(options: ConsumeOptions): Promise<Consumption>;
  lag(group: string, topics: readonly string[]): Promise<readonly PartitionLag[]>;
  /**
   * Why records cannot be read or published at present, where that is so; the bus goes on by itself
   * when it can. For readiness. Left out by a bus that is part of this process.
   */
  interruption?(): LetheError | undefined;
  /**
   * Why this process reads nothing any more, where the reason is its own and only a new process
   * goes on. For liveness; {@link MessageBus.interruption} tells of it, too. Left out by a bus that
   * cannot come to that.
   */
  standstill?(): LetheError | undefined;
}
