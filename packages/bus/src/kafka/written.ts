import { LetheError } from '@lethe/contracts';
import type { PartitionBatch } from './batches.ts';
import type { Producer } from './kafkajs.ts';

/**
 * kafkajs leaves out, and says nothing, what is for a partition that it does not know: with notes
 * of a topic from before it got more of them the records would be lost.
 *
 * @param answers what the broker said of each partition that was sent to
 * @throws LetheError `unavailable` where it said nothing of this one
 */
export function checkWritten(
  answers: Awaited<ReturnType<Producer['send']>>,
  { topic, partition }: PartitionBatch,
): void {
  const isThere = answers.some((each) => each.topicName === topic && each.partition === partition);
  if (isThere) return;
  throw new LetheError(
    'unavailable',
    `Nothing was written to ${topic}/${partition}: the Kafka client does not know that partition yet`,
  );
}
