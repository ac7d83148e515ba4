/**
 * The Kafka bus against a bare pair of kafkajs's transactional producer and consumer on the same
 * broker, in the same run: records are read and copied to another topic, the copies and the offset
 * in one transaction per batch. Interleaved rounds, medians; records per second.
 * Both pairs have the retry times that transactions need (kafkajs's default allows 3 a second).
 * node --disable-warning=ExperimentalWarning bench/kafka.ts [--brokers HOST:PORT,…] [--rounds N] [--seconds S] [--bytes N] [--batch N] [--targets N] [--json]
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { KafkaBus } from '@lethe/bus';
import { kafkajs } from '../packages/bus/src/kafka/kafkajs.ts';
import { KafkaCluster } from '../test/support/servers/kafka-cluster.ts';

const { values: options } = parseArgs({
  options: {
    brokers: { type: 'string' },
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '4' },
    bytes: { type: 'string', default: '256' },
    batch: { type: 'string', default: '100' },
    targets: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
const rounds = Number(options.rounds);
const seconds = Number(options.seconds);
const batch = Number(options.batch);
const targets = Number(options.targets);
const value = new Uint8Array(Number(options.bytes)).fill(7);
const keys = Array.from({ length: 64 }, (_, index) => `model-${index}`);
/** More than either can copy in the time given. */
const stock = 20_000 * (seconds + 2);
const warmUpMs = 1_000;

const cluster = options.brokers === undefined ? await KafkaCluster.start() : undefined;
const brokers = cluster?.bootstrap ?? options.brokers!.split(',');
const bus = await KafkaBus.open({ brokers, clientId: 'bench' });
const [source, target] = ['in', 'out'].map((name) => `bench-${name}-${randomUUID().slice(0, 8)}`);
const retentionMs = 3_600_000;
await bus.ensureTopics([
  { name: source!, partitions: 1, retentionMs },
  { name: target!, partitions: targets, retentionMs },
]);
for (let written = 0; written < stock; written += 2_000) {
  const some = Array.from({ length: 2_000 }, (_, index) => keys[index % keys.length]!);
  await bus.publish(some.map((key) => ({ topic: source!, key, value })));
}

/** Copies as group `group` until the time is up; `step` is told of every committed batch. */
type Copy = (group: string, step: (records: number) => void, ended: AbortSignal) => Promise<void>;

const ours: Copy = async (group, step, ended) => {
  const consumption = await bus.consume({
    group,
    topics: [source!],
    onFatal: (error) => {
      throw error;
    },
    onPartition: async (partition) => {
      while (!partition.lost.aborted) {
        const records = await partition.read(batch, 1_000);
        const last = records.at(-1);
        if (last === undefined) continue;
        const copies = records.map(({ key }) => ({ topic: target!, key, value }));
        await partition.commit(last.offset + 1n, copies);
        step(records.length);
      }
    },
  });
  await once(ended, 'abort');
  await consumption[Symbol.asyncDispose]();
};

const bare: Copy = async (group, step, ended) => {
  const kafka = new kafkajs.Kafka({
    brokers: [...brokers],
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { initialRetryTime: 5, retries: 25, maxRetryTime: 1_000 },
  });
  const producer = kafka.producer({
    transactionalId: group,
    idempotent: true,
    maxInFlightRequests: 1,
  });
  const consumer = kafka.consumer({ groupId: group, maxWaitTimeInMs: 200 });
  await Promise.all([producer.connect(), consumer.connect()]);
  await consumer.subscribe({ topics: [source!], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    eachBatch: async ({ batch: fetched, resolveOffset, heartbeat }) => {
      for (let from = 0; from < fetched.messages.length && !ended.aborted; from += batch) {
        const records = fetched.messages.slice(from, from + batch);
        const last = records.at(-1)!.offset;
        const messages = records.map(({ key }) => ({ key, value: Buffer.from(value) }));
        const transaction = await producer.transaction();
        await transaction.send({ topic: target!, messages });
        const offset = String(BigInt(last) + 1n);
        await transaction.sendOffsets({
          consumerGroupId: group,
          topics: [{ topic: source!, partitions: [{ partition: 0, offset }] }],
        });
        await transaction.commit();
        resolveOffset(last);
        await heartbeat();
        step(records.length);
      }
    },
  });
  await once(ended, 'abort');
  await consumer.disconnect();
  await producer.disconnect();
};

/** Records per second after the warm-up. */
async function rate(copy: Copy): Promise<number> {
  const ended = new AbortController();
  let [first, copied] = [0, 0];
  let start = Number.POSITIVE_INFINITY;
  const began = new Promise<void>((resolve) => {
    void copy(
      `bench-${randomUUID()}`,
      (records) => {
        resolve();
        if (performance.now() < start + warmUpMs) {
          start = Math.min(start, performance.now());
          first = performance.now();
        } else copied += records;
      },
      ended.signal,
    ).then(done);
  });
  let finish = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  function done() {
    finish();
  }
  await began;
  await new Promise((resolve) => setTimeout(resolve, warmUpMs + seconds * 1_000));
  const result = (copied * 1_000) / (performance.now() - first);
  ended.abort();
  await finished;
  return Math.round(result);
}

const median = (numbers: readonly number[]) =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
const [busRates, bareRates]: [number[], number[]] = [[], []];
for (let round = 0; round < rounds; round++) {
  // Each goes first in turn: the machine gets slower and faster meanwhile.
  for (const isOurs of round % 2 === 0 ? [false, true] : [true, false]) {
    (isOurs ? busRates : bareRates).push(await rate(isOurs ? ours : bare));
  }
}
await bus[Symbol.asyncDispose]();
await cluster?.[Symbol.asyncDispose]();

/** Of neighbours in time: a busy machine slows both down. */
const ratios = busRates.map((busRate, round) => busRate / bareRates[round]!);
const ratio = Number(median(ratios).toFixed(2));
const settings = {
  bytes: value.length,
  batch,
  targets,
  cpu: cpus()[0]?.model,
  node: process.version,
};
if (options.json) {
  console.log(
    JSON.stringify({ unit: 'records/s', ...settings, bus: busRates, bare: bareRates, ratio }),
  );
} else {
  console.log(
    `${settings.cpu}, Node ${settings.node}; ${value.length} bytes a record, ${batch} records a transaction, to ${targets} partition(s); records/s`,
  );
  console.table([
    { what: 'KafkaBus', median: median(busRates), rounds: busRates.join(', ') },
    { what: 'bare kafkajs', median: median(bareRates), rounds: bareRates.join(', ') },
  ]);
  console.log(`KafkaBus reaches ${ratio} of bare kafkajs.`);
}
