import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin } from './kafkajs.ts';
import type { PartitionBounds } from './start-offset.ts';
import { classifyKafkaError } from './translate-error.ts';

/** How long a coordinator may take to be there, also after the first use of a cluster. */
const patienceMs = 30_000;

/**
 * Committed offsets and bounds of logs. Asks again while the coordinator of a group is being found:
 * the first request for a new group is answered with NOT_COORDINATOR, which kafkajs passes on.
 */
export class GroupOffsets {
  readonly #admin: Admin;

  /** @param admin one that is used for nothing else: others would exchange its metadata */
  constructor(admin: Admin) {
    this.#admin = admin;
  }

  /** By partition, all of the topic's. @throws LetheError */
  async bounds(
    group: string,
    topic: string,
    partitions: number,
  ): Promise<readonly PartitionBounds[]> {
    return this.#patiently(`Reading the offsets of group ${group} in ${topic}`, async () => {
      const [committed, log] = await Promise.all([
        this.#admin.fetchOffsets({ groupId: group, topics: [topic] }),
        this.#admin.fetchTopicOffsets(topic),
      ]);
      const offsets = committed.find((each) => each.topic === topic)?.partitions;
      return Array.from({ length: partitions }, (_, partition) => {
        const own = offsets?.find((each) => each.partition === partition);
        const ends = log.find((each) => each.partition === partition);
        // An answer without the partition must not be taken for a group that never committed.
        if (own === undefined || ends === undefined) throw new PartitionMissing(topic, partition);
        return {
          committed: BigInt(own.offset),
          mark: own.metadata ?? '',
          low: BigInt(ends.low),
          high: BigInt(ends.high),
        };
      });
    });
  }

  async #patiently<T>(what: string, ask: () => Promise<T>): Promise<T> {
    const deadline = performance.now() + patienceMs;
    for (let waitMs = 10; ; waitMs = Math.min(500, waitMs * 2)) {
      try {
        return await ask();
      } catch (thrown) {
        const { kind, error } = classifyKafkaError(thrown, what);
        const isHopeless = kind !== 'transient' && !(thrown instanceof PartitionMissing);
        if (isHopeless || performance.now() > deadline) throw error;
      }
      await sleep(waitMs);
    }
  }
}

class PartitionMissing extends Error {
  constructor(topic: string, partition: number) {
    super(`the broker said nothing of ${topic}/${partition}`);
  }
}
