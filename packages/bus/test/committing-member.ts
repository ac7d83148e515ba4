/**
 * A member of a group in a process of its own, which commits again and again what it owns:
 * `node committing-member.ts BROKERS GROUP TOPIC SESSION-MS`. Prints `owner` when it is given a
 * partition, `committed` after every commit, and why a hand-over ended.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { KafkaBus } from '@lethe/bus';

const [brokers = '', group = '', topic = '', sessionMs = ''] = process.argv.slice(2);
const say = (line: string) => process.stdout.write(`${line}\n`);
const bus = await KafkaBus.open({
  brokers: brokers.split(','),
  clientId: 'committing-member',
  sessionTimeoutMs: Number(sessionMs),
});
await bus.consume({
  group,
  topics: [topic],
  onFatal: (error) => say(`fatal ${error.message}`),
  onRetry: (error) => say(`retry ${error.message}`),
  onPartition: async (partition) => {
    say('owner');
    while (!partition.lost.aborted) {
      await partition.commit(partition.start.offset, []).then(
        () => say('committed'),
        (error: Error) => say(`refused ${error.message}`),
      );
      await sleep(50);
    }
  },
});
