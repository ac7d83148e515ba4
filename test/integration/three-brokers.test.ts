import { expect, test } from 'vitest';
import { KafkaCluster } from '../support/servers/kafka-cluster.ts';

test('three brokers start together, and one that was killed comes back', async () => {
  await using kafka = await KafkaCluster.start({ brokers: 3 });
  expect(kafka.bootstrap).toHaveLength(3);
  await kafka.brokers[1]!.kill();
  await kafka.brokers[1]!.restart();
  expect(kafka.brokers.map(({ processId }) => processId !== undefined)).toEqual([true, true, true]);
});
