import { LetheError, type TopicSpec } from '@lethe/contracts';

/** Settings of topics that Kafka has and other buses do not. */
export interface TopicDefaults {
  /** Copies of every partition; 0: three, or as many as there are brokers. */
  readonly replicationFactor: number;
  /** Copies that must have a record before it counts as written; 0: one less than there are. */
  readonly minInsyncReplicas: number;
  /** Key, headers and value of one record. */
  readonly maxRecordBytes: number;
}

/** A topic as it should be. */
export interface TopicPlan {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  /** Topic configuration, by Kafka's names. */
  readonly config: Readonly<Record<string, string>>;
}

/** A topic as the cluster describes it. */
export interface TopicDescription {
  readonly partitions: number;
  /** Copies of the partition that has the fewest. */
  readonly replicationFactor: number;
  readonly config: Readonly<Record<string, string>>;
}

/** One setting that is not as it should be. */
export interface TopicDrift {
  readonly setting: string;
  readonly wanted: string;
  readonly found: string;
  /** What to do about it. */
  readonly remedy: string;
}

export type TopicState =
  | { readonly kind: 'missing' | 'created' | 'as-wanted'; readonly plan: TopicPlan }
  | {
      readonly kind: 'drifted';
      readonly plan: TopicPlan;
      readonly drift: readonly TopicDrift[];
    };

const usualReplicas = 3;
/** A batch has headers of its own, and several records may share one. */
const batchOverheadBytes = 1024 * 1024;

/** @throws LetheError `invalid` for more replicas than there are brokers */
export function planTopic(spec: TopicSpec, defaults: TopicDefaults, brokers: number): TopicPlan {
  const replicationFactor = defaults.replicationFactor || Math.min(usualReplicas, brokers);
  if (replicationFactor > brokers) {
    throw LetheError.invalid(
      'replication factor',
      replicationFactor,
      `is more than the ${brokers} brokers of the cluster`,
      'Set LETHE_KAFKA_REPLICATION_FACTOR to at most that, or to 0.',
    );
  }
  const minInsync = defaults.minInsyncReplicas || Math.max(1, replicationFactor - 1);
  if (minInsync > replicationFactor) {
    throw LetheError.invalid(
      'min.insync.replicas',
      minInsync,
      `is more than the replication factor ${replicationFactor}: nothing could ever be written`,
      'Set LETHE_KAFKA_MIN_INSYNC_REPLICAS to less, or to 0.',
    );
  }
  return {
    name: spec.name,
    partitions: spec.partitions,
    replicationFactor,
    config: {
      'cleanup.policy': 'delete',
      'retention.ms': String(spec.retentionMs),
      'min.insync.replicas': String(minInsync),
      'max.message.bytes': String(defaults.maxRecordBytes + batchOverheadBytes),
      'unclean.leader.election.enable': 'false',
      // The broker's clock: a service whose own runs ahead would be refused, and what one writes
      // whose clock is months behind would be past its retention.
      'message.timestamp.type': 'LogAppendTime',
    },
  };
}

/** How a topic stands to its plan; pure. */
export function compareTopic(plan: TopicPlan, found: TopicDescription | undefined): TopicState {
  if (found === undefined) return { kind: 'missing', plan };
  const drift: TopicDrift[] = [];
  if (found.partitions !== plan.partitions) {
    drift.push({
      setting: 'partitions',
      wanted: String(plan.partitions),
      found: String(found.partitions),
      remedy:
        'Keys would change partition and lose their order: move to a new topic with the services stopped.',
    });
  }
  if (found.replicationFactor < plan.replicationFactor) {
    drift.push({
      setting: 'replication factor',
      wanted: String(plan.replicationFactor),
      found: String(found.replicationFactor),
      remedy: 'Add replicas with kafka-reassign-partitions.sh.',
    });
  }
  for (const [setting, wanted] of Object.entries(plan.config)) {
    const value = found.config[setting];
    if (value === undefined || isEnough(setting, value, wanted)) continue;
    drift.push({
      setting,
      wanted,
      found: value,
      remedy: `kafka-configs.sh --alter --topic ${plan.name} --add-config ${setting}=${wanted}`,
    });
  }
  return drift.length === 0 ? { kind: 'as-wanted', plan } : { kind: 'drifted', plan, drift };
}

/** A record that may be larger, or is kept for ever, is no drift. */
function isEnough(setting: string, found: string, wanted: string): boolean {
  if (found === wanted) return true;
  if (setting === 'retention.ms') return found === '-1';
  return setting === 'max.message.bytes' && Number(found) >= Number(wanted);
}
