import { LetheError } from '@lethe/contracts';

/** What the broker says of a partition when it is taken over. */
export interface PartitionBounds {
  /** Committed offset of the group; -1: never committed. */
  readonly committed: bigint;
  /** What was committed beside the offset. */
  readonly mark: string;
  /** Offset of the oldest record still there. */
  readonly low: bigint;
  /** Offset of the next record. */
  readonly high: bigint;
}

/** What kafkajs commits when it is asked to go on at the beginning after OFFSET_OUT_OF_RANGE. */
const resetByKafkajs = -2n;

/**
 * Where reading begins. A group that never committed begins at the oldest record. One that did must
 * find the very next record: requests that were removed before they were read are lost, and going
 * on would hide it.
 *
 * @throws LetheError `corrupt` when records between the committed offset and the log are gone
 */
export function startOffset(
  place: { readonly group: string; readonly topic: string; readonly partition: number },
  { committed, low, high }: Omit<PartitionBounds, 'mark'>,
): bigint {
  if (committed === -1n) return low;
  if (committed >= low && committed <= high) return committed;
  throw lostRecords(place, { committed, low, high });
}

function lostRecords(
  { group, topic, partition }: { group: string; topic: string; partition: number },
  { committed, low, high }: Omit<PartitionBounds, 'mark'>,
): LetheError {
  const what =
    committed === resetByKafkajs
      ? `the position was reset because it was out of the log's range ${low}–${high}`
      : committed < low
        ? `records ${committed}–${low - 1n} were removed before group ${group} read them`
        : `group ${group} has read up to ${committed}, but the log ends at ${high}: the topic was made anew, or the cluster lost records`;
  return new LetheError(
    'corrupt',
    `${topic}/${partition}: ${what}. Nothing of this partition is read until somebody has looked at it: find out which requests are missing, publish them again, then set the group's offset with: kafka-consumer-groups.sh --group ${group} --topic ${topic}:${partition} --reset-offsets --to-offset ${low} --execute`,
  );
}
