import { expect, it } from 'vitest';
import type { Admin } from './kafkajs.ts';
import { TopicCatalog } from './topic-catalog.ts';

/**
 * kafkajs's admin on a cluster that takes `turns` questions until every partition of a new topic has
 * a leader; asked to wait for leaders itself, it throws, as it does on several brokers.
 */
function adminWithLateLeaders(turns: number) {
  let created = false;
  let asked = 0;
  const missing = () => Object.assign(new Error(), { type: 'UNKNOWN_TOPIC_OR_PARTITION' });
  const admin = {
    describeCluster: async () => ({ brokers: [{}, {}, {}] }),
    async createTopics({ waitForLeaders }: { waitForLeaders: boolean }) {
      if (waitForLeaders) throw Object.assign(new Error(), { type: 'LEADER_NOT_AVAILABLE' });
      created = true;
      return true;
    },
    async fetchTopicMetadata() {
      if (!created) throw missing();
      asked += 1;
      const leader = (partition: number) => (partition === 0 || asked > turns ? 1 : -1);
      const partitions = [0, 1].map((partition) => ({ leader: leader(partition) }));
      return { topics: [{ name: 't', partitions }] };
    },
  } as unknown as Admin;
  return { admin, hasLeaders: () => asked > turns };
}

const defaults = { replicationFactor: 0, minInsyncReplicas: 0, maxRecordBytes: 1024 * 1024 };

it('waits by itself until every partition of a new topic has a leader', async () => {
  const { admin, hasLeaders } = adminWithLateLeaders(3);
  const catalog = new TopicCatalog(admin, defaults);
  await catalog.ensure([{ name: 't', partitions: 2, retentionMs: 1 }]);
  expect([catalog.partitionsOf('t'), hasLeaders()]).toEqual([2, true]);
});
