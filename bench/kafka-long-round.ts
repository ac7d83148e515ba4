/**
 * A round that takes minutes on one partition, while a member joins and leaves: does the partition
 * stay, can the round be committed, and how long are the other partitions held up?
 * node --disable-warning=ExperimentalWarning bench/kafka-long-round.ts [--seconds S] [--session-ms N] [--brokers HOST:PORT,…] [--json]
 */
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { KafkaBus, type OwnedPartition, partitionOf } from '@lethe/bus';
import { KafkaCluster } from '../test/support/servers/kafka-cluster.ts';
import { answerHelp } from './answer-help.ts';

answerHelp(import.meta.filename);
const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '300' },
    'session-ms': { type: 'string', default: '10000' },
    brokers: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const roundMs = Number(options.seconds) * 1_000;
const partitions = 8;
const cluster = options.brokers === undefined ? await KafkaCluster.start() : undefined;
const brokers = cluster?.bootstrap ?? options.brokers!.split(',');
const open = () =>
  KafkaBus.open({
    brokers,
    clientId: 'bench',
    sessionTimeoutMs: Number(options['session-ms']),
  });
const [bus, other, publisher] = [await open(), await open(), await open()];
const name = `long-${randomUUID().slice(0, 8)}`;
const group = `bench-${randomUUID().slice(0, 8)}`;
await bus.ensureTopics([{ name, partitions, retentionMs: 3_600_000 }]);
const keys = Array.from({ length: 64 }, (_, index) => `model-${index}`);
const longPartition = partitionOf(keys[0]!, partitions);
const sleep = (durationMs: number) => new Promise((resolve) => setTimeout(resolve, durationMs));

const round = { state: 'waiting', handOvers: 0 };
/** When each other partition last got something done; the longest pause between two. */
const last = new Map<number, number>();
let longestPauseMs = 0;

async function work(partition: OwnedPartition): Promise<void> {
  const isLong = partition.partition === longPartition;
  if (isLong) round.handOvers++;
  while (!partition.lost.aborted) {
    const records = await partition.read(10, 1_000);
    const end = records.at(-1);
    if (end === undefined) continue;
    if (isLong && round.state === 'waiting') {
      round.state = 'computing';
      await sleep(roundMs);
      round.state = partition.lost.aborted ? 'lost' : 'computed';
    }
    await partition.commit(end.offset + 1n, []);
    if (isLong && round.state === 'computed') round.state = 'committed';
    if (!isLong) {
      const now = performance.now();
      longestPauseMs = Math.max(longestPauseMs, now - (last.get(partition.partition) ?? now));
      last.set(partition.partition, now);
    }
  }
}

const consuming = {
  group,
  topics: [name],
  onPartition: work,
  onFatal: (error: Error) => {
    throw error;
  },
};
const staying = await bus.consume(consuming);
let isPublishing = true;
const publishing = (async () => {
  while (isPublishing) {
    await publisher.publish(keys.map((key) => ({ topic: name, key, value: new Uint8Array(16) })));
    await sleep(100);
  }
})();
while (round.state !== 'computing') await sleep(10);
await sleep(roundMs / 4);
const quietPauseMs = longestPauseMs;
longestPauseMs = 0;
const joinStart = performance.now();
const visitor = await other.consume(consuming);
while (visitor.owned().length < partitions / 2) await sleep(5);
const joinMs = performance.now() - joinStart;
await sleep(roundMs / 4);
const leaveStart = performance.now();
await visitor[Symbol.asyncDispose]();
while (staying.owned().length < partitions) await sleep(5);
const leaveMs = performance.now() - leaveStart;
while (round.state === 'computing' || round.state === 'computed') await sleep(20);
isPublishing = false;
await publishing;
const result = {
  roundSeconds: roundMs / 1_000,
  round: round.state,
  handOversOfItsPartition: round.handOvers,
  joinMs: Math.round(joinMs),
  leaveMs: Math.round(leaveMs),
  longestPauseOfOthersMs: Math.round(longestPauseMs),
  longestPauseBeforeMs: Math.round(quietPauseMs),
};
for (const each of [bus, other, publisher]) await each[Symbol.asyncDispose]();
await cluster?.[Symbol.asyncDispose]();
if (options.json) console.log(JSON.stringify(result));
else console.table(result);
