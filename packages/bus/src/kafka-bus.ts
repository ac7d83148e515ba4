import { LetheError, type TopicSpec } from '@lethe/contracts';
import { type Backoff, exponentialBackoff } from './backoff.ts';
import { type PartitionBatch, toBatches } from './kafka/batches.ts';
import { KafkaClients, type KafkaLog } from './kafka/clients.ts';
import type { KafkaConnection } from './kafka/connection.ts';
import { KafkaConsumption } from './kafka/consumption.ts';
import type { InputPartition } from './kafka/fenced-producer.ts';
import { GroupOffsets } from './kafka/group-offsets.ts';
import type { Admin } from './kafka/kafkajs.ts';
import { Publisher } from './kafka/publisher.ts';
import type { PartitionBounds } from './kafka/start-offset.ts';
import { TopicCatalog } from './kafka/topic-catalog.ts';
import type { TopicState } from './kafka/topic-settings.ts';
import { translateKafkaError } from './kafka/translate-error.ts';
import type {
  ConsumeOptions,
  Consumption,
  MessageBus,
  OutgoingRecord,
  PartitionLag,
} from './message-bus.ts';

export type { KafkaLog } from './kafka/clients.ts';
export type { KafkaConnection, KafkaSasl, KafkaTls } from './kafka/connection.ts';
export type { TopicDrift, TopicPlan, TopicState } from './kafka/topic-settings.ts';

export interface KafkaBusOptions extends KafkaConnection {
  /** Begins every transactional id, for ACLs on a prefix. Default `lethe/`. */
  readonly transactionalIdPrefix?: string;
  /** A member that was silent for this long has left. Default 10 s. */
  readonly sessionTimeoutMs?: number;
  /**
   * A consumer of which nothing was heard for this long, neither success nor failure, has stopped.
   * Default 5 min.
   */
  readonly standstillMs?: number;
  /** How long a hand-over or a crashed consumer waits. Default: 100 ms, doubling, at most 30 s. */
  readonly backoff?: Backoff;
  /** Key, headers and value of one record. Default 1 MiB. */
  readonly maxRecordBytes?: number;
  /** Copies of the partitions of new topics; 0: three, or as many as there are brokers. */
  readonly replicationFactor?: number;
  /** Copies that must have a record before it counts as written; 0: one less than there are. */
  readonly minInsyncReplicas?: number;
  /** Hears warnings and errors of the Kafka client. */
  readonly onLog?: KafkaLog;
}

const maxRecordsPerCall = 10_000;
/** How long after a commit the broker may still tell the offset before it. */
const commitSettlesMs = 2_000;

/**
 * The message bus on Apache Kafka, through kafkajs. Exactly once within Kafka: a commit is one
 * transaction of a producer that is fenced by (group, topic, partition).
 *
 * Other than with the embedded bus, a `publish` that throws `unavailable` may have written some of
 * its records: consumers drop repetitions by event id.
 */
export class KafkaBus implements MessageBus {
  readonly system = 'kafka';
  readonly #options: KafkaBusOptions;
  readonly #clients: KafkaClients;
  readonly #admins: readonly Admin[];
  readonly #catalog: TopicCatalog;
  readonly #offsets: GroupOffsets;
  readonly #publisher: Publisher;
  readonly #consumptions = new Set<KafkaConsumption>();
  readonly #commits = new Map<string, { readonly offset: bigint; readonly atMs: number }>();
  #disposal: Promise<void> | undefined;

  /**
   * @throws LetheError `invalid` for an address that cannot or must not be used, `precondition`
   * when the brokers refuse user, password or certificate, `unavailable` when none answers
   */
  static async open(options: KafkaBusOptions): Promise<KafkaBus> {
    const bus = new KafkaBus(options);
    try {
      for (const admin of bus.#admins) await admin.connect();
      return bus;
    } catch (thrown) {
      await bus[Symbol.asyncDispose]().catch(() => {});
      throw translateKafkaError(thrown, `Connecting to Kafka at ${options.brokers.join(', ')}`);
    }
  }

  private constructor(options: KafkaBusOptions) {
    this.#options = options;
    this.#clients = new KafkaClients(options, options.onLog);
    const [topicAdmin, offsetAdmin] = [this.#clients.admin(), this.#clients.admin()];
    this.#admins = [topicAdmin, offsetAdmin];
    this.#catalog = new TopicCatalog(topicAdmin, {
      replicationFactor: options.replicationFactor ?? 0,
      minInsyncReplicas: options.minInsyncReplicas ?? 0,
      maxRecordBytes: this.#maxRecordBytes,
    });
    this.#offsets = new GroupOffsets(offsetAdmin);
    this.#publisher = new Publisher(this.#clients);
  }

  async ensureTopics(specs: readonly TopicSpec[]): Promise<void> {
    this.#checkOpen();
    await this.#catalog.ensure(specs);
  }

  /** Compares topics with how they should be, creates missing ones unless `dryRun`, alters nothing. */
  async applyTopics(
    specs: readonly TopicSpec[],
    options: { readonly dryRun: boolean },
  ): Promise<readonly TopicState[]> {
    this.#checkOpen();
    return await this.#catalog.apply(specs, options);
  }

  async publish(records: readonly OutgoingRecord[]): Promise<void> {
    this.#checkOpen();
    if (records.length === 0) return;
    await this.#catalog.load(records.map(({ topic }) => topic));
    await this.#publisher.publish(this.#toBatches(records));
  }

  async consume(options: ConsumeOptions): Promise<Consumption> {
    this.#checkOpen();
    await this.#catalog.load(options.topics);
    this.#checkOpen();
    const consumption: KafkaConsumption = new KafkaConsumption(
      {
        clients: this.#clients,
        transactionalIdPrefix: this.#options.transactionalIdPrefix ?? 'lethe/',
        sessionTimeoutMs: this.#options.sessionTimeoutMs ?? 10_000,
        standstillMs: this.#options.standstillMs ?? 5 * 60_000,
        backoff: this.#options.backoff ?? exponentialBackoff(),
        prepare: async (records) => {
          await this.#catalog.load(records.map(({ topic }) => topic));
          return this.#toBatches(records);
        },
        boundsOf: (input) => this.#boundsOf(input),
        onCommitted: (input, offset) =>
          this.#commits.set(nameOf(input), { offset, atMs: performance.now() }),
      },
      options,
      () => this.#consumptions.delete(consumption),
    );
    this.#consumptions.add(consumption);
    return consumption;
  }

  /** Committed offsets are those that brokers tell; for a moment after a commit, ours. */
  async lag(group: string, topics: readonly string[]): Promise<readonly PartitionLag[]> {
    this.#checkOpen();
    await this.#catalog.load(topics);
    const lags = await Promise.all(
      topics.map(async (topic) => {
        const bounds = await this.#offsets.bounds(group, topic, this.#catalog.partitionsOf(topic));
        return bounds.map((each, partition) => this.#lagOf({ group, topic, partition }, each));
      }),
    );
    return lags.flat();
  }

  interruption(): LetheError | undefined {
    const troubles = [...this.#consumptions].map((each) => each.interruption());
    return this.#publisher.trouble ?? troubles.find((trouble) => trouble !== undefined);
  }

  standstill(): LetheError | undefined {
    const reasons = [...this.#consumptions].map((each) => each.standstill());
    return reasons.find((reason) => reason !== undefined);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#disposal ??= this.#dispose();
    return this.#disposal;
  }

  async #dispose(): Promise<void> {
    await Promise.all([...this.#consumptions].map((each) => each[Symbol.asyncDispose]()));
    await this.#publisher.close();
    await Promise.all(this.#admins.map((admin) => admin.disconnect().catch(() => {})));
  }

  get #maxRecordBytes(): number {
    return this.#options.maxRecordBytes ?? 1024 * 1024;
  }

  #toBatches(records: readonly OutgoingRecord[]): readonly PartitionBatch[] {
    if (records.length > maxRecordsPerCall) {
      throw new LetheError(
        'capacity',
        `${records.length} records in one call; at most ${maxRecordsPerCall} are taken. Split them over several calls.`,
      );
    }
    return toBatches(records, (topic) => this.#catalog.partitionsOf(topic), this.#maxRecordBytes);
  }

  async #boundsOf({ group, topic, partition }: InputPartition): Promise<PartitionBounds> {
    const all = await this.#offsets.bounds(group, topic, this.#catalog.partitionsOf(topic));
    const bounds = all[partition];
    if (bounds !== undefined) return bounds;
    throw new LetheError(
      'precondition',
      `${topic}/${partition}: the topic has been given more partitions since this process began. Keys have changed partition; stop the services and move to a new topic.`,
    );
  }

  #lagOf(input: InputPartition, { committed, low, high }: PartitionBounds): PartitionLag {
    const own = this.#commits.get(nameOf(input));
    const isFresh = own !== undefined && performance.now() - own.atMs < commitSettlesMs;
    const told = isFresh && own.offset > committed ? own.offset : committed;
    const from = told < low ? low : told;
    const { topic, partition } = input;
    return { topic, partition, committed: from, end: high, lag: high > from ? high - from : 0n };
  }

  #checkOpen(): void {
    if (this.#disposal === undefined) return;
    throw new LetheError('precondition', 'The message bus has been closed.');
  }
}

function nameOf({ group, topic, partition }: InputPartition): string {
  return `${group}/${topic}/${partition}`;
}
