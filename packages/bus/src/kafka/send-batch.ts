import { LetheError } from '@lethe/contracts';
import type { PartitionBatch } from './batches.ts';
import type { Producer } from './kafkajs.ts';

/**
 * Sends records of one partition, acknowledged by all replicas in sync.
 *
 * kafkajs leaves out, and says nothing, what is for a partition that it does not know: with notes
 * of a topic from before it got more of them the records would be lost.
 *
 * @param sender a producer, or a transaction of one
 * @throws LetheError `unavailable` where the broker said nothing of the partition; what kafkajs throws
 */
export async function sendBatch(
  sender: Pick<Producer, 'send'>,
  { topic, partition, messages }: PartitionBatch,
): Promise<void> {
  const answers = await sender.send({ topic, messages, acks: -1 });
  if (answers.some((each) => each.topicName === topic && each.partition === partition)) return;
  throw new LetheError(
    'unavailable',
    `Nothing was written to ${topic}/${partition}: the Kafka client does not know that partition yet`,
  );
}
