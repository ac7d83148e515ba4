import { setTimeout as sleep } from 'node:timers/promises';
import { LetheError, type TopicSpec } from '@lethe/contracts';
import { checkTopicSpec } from '../check-topic-spec.ts';
import { type Admin, kafkajs } from './kafkajs.ts';
import {
  compareTopic,
  planTopic,
  type TopicDefaults,
  type TopicDescription,
  type TopicPlan,
  type TopicState,
} from './topic-settings.ts';
import { translateKafkaError } from './translate-error.ts';

/** How long new topics may take until every partition has a leader. */
const leaderTimeoutMs = 30_000;
const createTimeoutMs = 20_000;

/** The topics of a cluster: their numbers of partitions, remembered; creating and comparing them. */
export class TopicCatalog {
  readonly #admin: Admin;
  readonly #defaults: TopicDefaults;
  readonly #partitions = new Map<string, number>();

  constructor(admin: Admin, defaults: TopicDefaults) {
    this.#admin = admin;
    this.#defaults = defaults;
  }

  /** @throws LetheError `not_found` unless {@link load} has seen the topic */
  partitionsOf(topic: string): number {
    const partitions = this.#partitions.get(topic);
    if (partitions !== undefined) return partitions;
    throw new LetheError(
      'not_found',
      `topic = ${JSON.stringify(topic)}: there is no such topic, or the user may not see it. Create it with: lethe topics apply`,
    );
  }

  /** Makes sure that the number of partitions of each of `topics` is known. @throws LetheError `not_found` */
  async load(topics: Iterable<string>): Promise<void> {
    const unknown = [...new Set(topics)].filter((topic) => !this.#partitions.has(topic));
    if (unknown.length > 0) await this.#describePartitions(unknown);
    for (const topic of unknown) this.partitionsOf(topic);
  }

  /** Creates what is missing. @throws LetheError `precondition` when one has other partitions */
  async ensure(specs: readonly TopicSpec[]): Promise<void> {
    for (const spec of specs) checkTopicSpec(spec);
    const names = specs.map(({ name }) => name);
    await this.#describePartitions(names.filter((name) => !this.#partitions.has(name)));
    const missing = specs.filter(({ name }) => !this.#partitions.has(name));
    if (missing.length > 0) await this.#create(await this.#plan(missing));
    for (const spec of specs) {
      const found = this.partitionsOf(spec.name);
      if (found === spec.partitions) continue;
      throw new LetheError(
        'precondition',
        `topic = ${JSON.stringify(spec.name)}: it exists with ${found} partitions, ${spec.partitions} are wanted. Keys would change partition and lose their order: keep the number, or use a new topic.`,
      );
    }
  }

  /** Compares the cluster with `specs`, and creates what is missing unless `dryRun`. Alters nothing. */
  async apply(
    specs: readonly TopicSpec[],
    options: { readonly dryRun: boolean },
  ): Promise<readonly TopicState[]> {
    for (const spec of specs) checkTopicSpec(spec);
    const plans = await this.#plan(specs);
    const found = await this.#describe(plans.map(({ name }) => name));
    const states = plans.map((plan) => compareTopic(plan, found.get(plan.name)));
    const missing = states.filter(({ kind }) => kind === 'missing').map(({ plan }) => plan);
    if (options.dryRun || missing.length === 0) return states;
    await this.#create(missing);
    return states.map((state) =>
      state.kind === 'missing' ? { kind: 'created', plan: state.plan } : state,
    );
  }

  async #plan(specs: readonly TopicSpec[]): Promise<readonly TopicPlan[]> {
    const { brokers } = await attempt('Asking for the brokers', () =>
      this.#admin.describeCluster(),
    );
    return specs.map((spec) => planTopic(spec, this.#defaults, brokers.length));
  }

  async #create(plans: readonly TopicPlan[]): Promise<void> {
    const names = plans.map(({ name }) => name);
    await attempt(`Creating the topics ${names.join(', ')}`, () =>
      this.#admin.createTopics({
        topics: plans.map(({ name, partitions, replicationFactor, config }) => ({
          topic: name,
          numPartitions: partitions,
          replicationFactor,
          configEntries: Object.entries(config).map(([key, value]) => ({ name: key, value })),
        })),
        // Throws on several brokers; what it waits for is looked up here instead.
        waitForLeaders: false,
        timeout: createTimeoutMs,
      }),
    );
    const deadline = performance.now() + leaderTimeoutMs;
    for (let waitMs = 20; ; waitMs = Math.min(500, waitMs * 2)) {
      await this.#describePartitions(names);
      if (names.every((name) => this.#partitions.has(name))) return;
      if (performance.now() > deadline) {
        throw new LetheError(
          'unavailable',
          `topics ${names.join(', ')}: created, but after ${leaderTimeoutMs / 1_000} s some partition has no leader. Look at the brokers, then try again.`,
        );
      }
      await sleep(waitMs);
    }
  }

  /** Remembers those of `names` that exist with a leader for every partition. */
  async #describePartitions(names: readonly string[]): Promise<void> {
    for (const topic of await this.#metadata(names)) {
      if (topic.partitions.every(({ leader }) => leader >= 0)) {
        this.#partitions.set(topic.name, topic.partitions.length);
      }
    }
  }

  async #describe(names: readonly string[]): Promise<ReadonlyMap<string, TopicDescription>> {
    const topics = await this.#metadata(names);
    if (topics.length === 0) return new Map();
    const { resources } = await attempt('Reading the settings of the topics', () =>
      this.#admin.describeConfigs({
        includeSynonyms: false,
        resources: topics.map(({ name }) => ({
          type: kafkajs.ConfigResourceTypes.TOPIC,
          name,
        })),
      }),
    );
    return new Map(
      topics.map(({ name, partitions }) => {
        const entries = resources.find(({ resourceName }) => resourceName === name)?.configEntries;
        const config = Object.fromEntries(
          (entries ?? []).map(({ configName, configValue }) => [configName, configValue]),
        );
        const replicas = partitions.map((partition) => partition.replicas.length);
        return [
          name,
          { partitions: partitions.length, replicationFactor: Math.min(...replicas), config },
        ];
      }),
    );
  }

  /** Metadata of those of `names` that exist. One that is missing fails the whole request. */
  async #metadata(names: readonly string[]) {
    const found = await Promise.all(names.map((name) => this.#metadataOf(name)));
    return found.flatMap((topic) => (topic === undefined ? [] : [topic]));
  }

  async #metadataOf(name: string) {
    try {
      const { topics } = await this.#admin.fetchTopicMetadata({ topics: [name] });
      return topics.find((topic) => topic.name === name);
    } catch (thrown) {
      const { type } = thrown as { type?: string };
      if (type === 'UNKNOWN_TOPIC_OR_PARTITION' || type === 'LEADER_NOT_AVAILABLE') {
        return undefined;
      }
      throw translateKafkaError(thrown, `Looking up topic ${name}`);
    }
  }
}

async function attempt<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw translateKafkaError(thrown, what);
  }
}
