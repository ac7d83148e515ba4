/**
 * The Kafka bus against a bare pair of kafkajs's transactional producer and consumer on the same
 * broker, in the same run: records are read and copied to another topic, the copies and the offset
 * in one transaction per batch. Interleaved rounds, medians; records per second.
 * Both pairs have the retry times that transactions need (kafkajs's default allows 3 a second).
 * With several target partitions there is a third: the bare pair, one send a partition, which is
 * what is safe on several brokers, and what the bus does.
 * node --disable-warning=ExperimentalWarning bench/kafka.ts [--brokers HOST:PORT,…] [--rounds N] [--seconds S] [--bytes N] [--batch N] [--targets N] [--json]
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { KafkaBus, partitionOf } from '@lethe/bus';
import { kafkajs } from '../packages/bus/src/kafka/kafkajs.ts';
import { KafkaCluster } from '../test/support/servers/kafka-cluster.ts';
import { answerHelp } from './answer-help.ts';
import { median } from './median.ts';

answerHelp(import.meta.filename);
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

/** @param spread how the records of a batch are divided over sends */
function bareCopy(spread: (messages: Message[]) => readonly Message[][]): Copy {
  return (group, step, ended) => copyBarely(group, step, ended, spread);
}

interface Message {
  readonly key: string;
  readonly value: Buffer;
  readonly partition?: number;
}

const inOneSend = bareCopy((messages) => [messages]);
const oneSendAPartition = bareCopy((messages) => {
  const byPartition = new Map<number, Message[]>();
  for (const message of messages) {
    const partition = partitionOf(message.key, targets);
    byPartition.set(partition, [...(byPartition.get(partition) ?? []), { ...message, partition }]);
  }
  return [...byPartition.values()];
});

async function copyBarely(
  group: string,
  step: (records: number) => void,
  ended: AbortSignal,
  spread: (messages: Message[]) => readonly Message[][],
): Promise<void> {
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
        const messages = records.map(({ key }) => ({
          key: key!.toString(),
          value: Buffer.from(value),
        }));
        const transaction = await producer.transaction();
        for (const each of spread(messages)) {
          await transaction.send({ topic: target!, messages: each });
        }
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
}

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

/** By name; the bus last. */
const copies: Readonly<Record<string, Copy>> = {
  'bare kafkajs': inOneSend,
  ...(targets > 1 ? { 'bare kafkajs, one send a partition': oneSendAPartition } : {}),
  KafkaBus: ours,
};
const rates = new Map(Object.keys(copies).map((name): [string, number[]] => [name, []]));
for (let round = 0; round < rounds; round++) {
  // Each goes first in turn: the machine gets slower and faster meanwhile.
  const names = [...rates.keys()];
  for (const name of round % 2 === 0 ? names : names.toReversed()) {
    rates.get(name)!.push(await rate(copies[name]!));
  }
}
await bus[Symbol.asyncDispose]();
await cluster?.[Symbol.asyncDispose]();

/** Of neighbours in time: a busy machine slows all down. */
const ratioTo = (name: string) =>
  Number(
    median(rates.get('KafkaBus')!.map((own, round) => own / rates.get(name)![round]!)).toFixed(2),
  );
const ratios = Object.fromEntries(
  [...rates.keys()].slice(0, -1).map((name) => [name, ratioTo(name)]),
);
const settings = {
  bytes: value.length,
  batch,
  targets,
  cpu: cpus()[0]?.model,
  node: process.version,
};
if (options.json) {
  console.log(
    JSON.stringify({ unit: 'records/s', ...settings, rates: Object.fromEntries(rates), ratios }),
  );
} else {
  console.log(
    `${settings.cpu}, Node ${settings.node}; ${value.length} bytes a record, ${batch} records a transaction, to ${targets} partition(s); records/s`,
  );
  console.table(
    [...rates].map(([what, each]) => ({ what, median: median(each), rounds: each.join(', ') })),
  );
  for (const [name, ratio] of Object.entries(ratios)) {
    console.log(`KafkaBus reaches ${ratio} of ${name}.`);
  }
}
