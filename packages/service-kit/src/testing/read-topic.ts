import { setTimeout as delay } from 'node:timers/promises';
import type { IncomingRecord, MessageBus } from '@lethe/bus';
import type { TopicSpec } from '@lethe/contracts';

let readers = 0;

/** Everything that is in a topic now, by partition and offset. */
export async function readTopic(bus: MessageBus, { name }: TopicSpec): Promise<IncomingRecord[]> {
  const group = `reader-${process.pid}-${readers++}`;
  const records: IncomingRecord[] = [];
  const failures: Error[] = [];
  const consumption = await bus.consume({
    group,
    topics: [name],
    onFatal: (error) => failures.push(error),
    async onPartition(partition) {
      while (!partition.lost.aborted) {
        const read = await partition.read(10_000, 20);
        const last = read.at(-1);
        if (last === undefined) continue;
        records.push(...read);
        await partition.commit(last.offset + 1n, []);
      }
    },
  });
  await using _ = consumption;
  while ((await bus.lag(group, [name])).some(({ lag }) => lag > 0n)) {
    if (failures[0] !== undefined) throw failures[0];
    await delay(5);
  }
  return records.sort((a, b) => a.partition - b.partition || Number(a.offset - b.offset));
}
