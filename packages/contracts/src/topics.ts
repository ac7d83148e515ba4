/** A topic of the bus. Every topic that Lethe writes is keyed by model key: order holds per model. */
export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  /** Records older than this may be removed; longer than the longest legal window. */
  readonly retentionMs: number;
}

const day = 24 * 60 * 60 * 1000;
/** GDPR allows one month and an extension by two; CCPA 45 + 45 days. */
const retentionMs = 120 * day;
const partitions = 8;

export const topics = {
  /** Written by emitters: CloudEvents, keyed as they like. */
  deletionIntake: { name: 'deletion.intake.v1', partitions, retentionMs },
  deletionReceipt: { name: 'deletion.receipt.v1', partitions, retentionMs },
  deletionRequested: { name: 'deletion.requested.v1', partitions, retentionMs },
  modelCandidate: { name: 'model.candidate.v1', partitions, retentionMs },
  modelVerdict: { name: 'model.verdict.v1', partitions, retentionMs },
  modelDecided: { name: 'model.decided.v1', partitions, retentionMs },
  deletionStatus: { name: 'deletion.status.v1', partitions, retentionMs },
  deadLetterResolved: { name: 'dead-letter.resolved.v1', partitions: 1, retentionMs },
} as const satisfies Record<string, TopicSpec>;

/** Where a record goes that no retry can help. Few do: one partition keeps all of them in order. */
export function deadLetterTopic(source: TopicSpec): TopicSpec {
  return { ...source, name: `${source.name}.dlq`, partitions: 1 };
}

/** The dead letters of every topic. */
export const deadLetterTopics: readonly TopicSpec[] = Object.values(topics).map(deadLetterTopic);

/** Every topic, dead-letter topics included. */
export const allTopics: readonly TopicSpec[] = Object.values(topics).flatMap((topic) => [
  topic,
  deadLetterTopic(topic),
]);
