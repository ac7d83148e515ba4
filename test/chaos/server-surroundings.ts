import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { MinioStore } from '@lethe/store';
import { CompressionTypes, Kafka, logLevel, Partitioners } from 'kafkajs';
import { Client } from 'minio';
import { KafkaCluster } from '../support/servers/kafka-cluster.ts';
import { createKey } from '../support/servers/minio-key.ts';
import { MinioServer } from '../support/servers/minio-server.ts';
import type { SlowDoor } from '../support/servers/slow-door.ts';
import type { TopicRecord } from './checker/observed.ts';
import { type RawMessage, TransactionalLog } from './checker/transactional-log.ts';
import type { Observer, Surroundings, Victim } from './surroundings.ts';

/** The bucket that the policy of the services is written for. */
const bucket = 'lethe';
const region = 'us-east-1';
const policyFile = new URL('../../deploy/minio/services-policy.json', import.meta.url);

/** Through which the services reach one broker, and the store. */
export interface Doors {
  readonly broker: SlowDoor;
  readonly store: SlowDoor;
}

/** Real brokers that replicate everything, and a real MinIO. */
export async function serverSurroundings(
  folder: string,
  brokers: 1 | 3 = 3,
  doors?: Doors,
): Promise<Surroundings> {
  const advertised = doors === undefined ? {} : { advertisedPort: doors.broker.port };
  const [kafka, minio] = await Promise.all([
    KafkaCluster.start({ brokers, ...advertised }),
    MinioServer.start(),
  ]);
  if (doors !== undefined) {
    doors.broker.target = Number(kafka.bootstrap[0]?.split(':')[1]);
    doors.store.target = minio.port;
  }
  const busAddress = doors === undefined ? kafka.bootstrap : [`127.0.0.1:${doors.broker.port}`];
  const storeUrl = doors === undefined ? minio.url : `http://127.0.0.1:${doors.store.port}`;
  const { accessKey, secretKey, host, port } = minio;
  const s3 = new Client({ endPoint: host, port, useSSL: false, region, accessKey, secretKey });
  await s3.makeBucket(bucket, region);
  const client = new Kafka({
    clientId: 'chaos-checker',
    brokers: [...kafka.bootstrap],
    logLevel: logLevel.NOTHING,
    retry: { retries: 20, initialRetryTime: 50, maxRetryTime: 1_000 },
  });
  const keys = join(folder, 'keys');
  mkdirSync(keys);
  const services = await createKey(minio, JSON.parse(readFileSync(policyFile, 'utf8')));
  writeFileSync(join(keys, 'access'), services.accessKey);
  writeFileSync(join(keys, 'secret'), services.secretKey);
  return {
    name: `${brokers} Kafka broker${brokers === 1 ? '' : 's'} and MinIO`,
    serviceEnv: {
      LETHE_BUS: `kafka:${busAddress.join(',')}`,
      LETHE_STORE: `s3:${storeUrl}/${bucket}`,
      LETHE_STORE_ACCESS_KEY_FILE: join(keys, 'access'),
      LETHE_STORE_SECRET_KEY_FILE: join(keys, 'secret'),
    },
    sessionTimeoutMs: 10_000,
    openStore: async () =>
      new MinioStore({
        ...{ host, port, tls: false, bucket, prefix: '', region, timeoutMs: 15_000 },
        secrets: async () => ({ accessKey, secretKey, ca: undefined }),
      }),
    victims: [leaders(client, kafka), { name: 'store', pick: async () => minio.process }],
    observer: observe(client, s3),
    async [Symbol.asyncDispose]() {
      await Promise.all([kafka[Symbol.asyncDispose](), minio[Symbol.asyncDispose]()]);
    },
  };
}

/** A client of its own, of the brokers that the services use. */
function clientOf(serviceEnv: Surroundings['serviceEnv']): Kafka {
  const brokers = serviceEnv['LETHE_BUS']!.slice('kafka:'.length).split(',');
  return new Kafka({ brokers, logLevel: logLevel.NOTHING });
}

/** Makes a topic as no service would, with a client of its own. */
export async function createTopicRaw(
  { serviceEnv }: Surroundings,
  topic: string,
  numPartitions: number,
): Promise<void> {
  const admin = clientOf(serviceEnv).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions, replicationFactor: 1 }] });
  await admin.disconnect();
}

/** Waits until the group has so many members, and every partition one of them. */
export async function untilSettled(
  { serviceEnv }: Surroundings,
  group: string,
  members: number,
): Promise<void> {
  const admin = clientOf(serviceEnv).admin();
  await admin.connect();
  const isSettled = async () => {
    const { groups } = await admin.describeGroups([group]);
    return groups[0]?.state === 'Stable' && groups[0].members.length === members;
  };
  while (!(await isSettled())) await sleep(100);
  await admin.disconnect();
}

/** Deletes every topic and every object: what a backup is for. */
export async function loseEverything({
  serviceEnv,
  observer,
  openStore,
}: Surroundings): Promise<void> {
  const admin = clientOf(serviceEnv).admin();
  await admin.connect();
  const topics = (await admin.listTopics()).filter((name) => !name.startsWith('__'));
  await admin.deleteTopics({ topics });
  await admin.disconnect();
  const store = await openStore();
  for (const key of await observer.listObjects('')) await store.deleteAllVersions(key);
  await store[Symbol.asyncDispose]();
}

/** Writes what no service would write, with a client of its own; packed, if asked to. */
export async function produceRaw(
  { serviceEnv }: Surroundings,
  topic: string,
  messages: readonly {
    readonly key: string;
    readonly value: Buffer;
    readonly headers?: Record<string, string>;
  }[],
  packed: 'plain' | 'gzip' = 'plain',
): Promise<void> {
  const producer = clientOf(serviceEnv).producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    idempotent: true,
  });
  await producer.connect();
  const compression = packed === 'gzip' ? CompressionTypes.GZIP : CompressionTypes.None;
  try {
    // One by one: kafkajs writes some twice when a send to several partitions is tried again.
    for (const message of messages)
      await producer.send({ topic, compression, messages: [message] });
  } finally {
    await producer.disconnect();
  }
}

/** Takes a transactional id over, as a successor would: whoever had it cannot commit any more. */
export async function fenceRaw(
  { serviceEnv }: Surroundings,
  transactionalId: string,
): Promise<void> {
  const producer = clientOf(serviceEnv).producer({
    ...{ transactionalId, idempotent: true, maxInFlightRequests: 1 },
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  await (await producer.transaction()).abort();
  await producer.disconnect();
}

/** The broker that leads a partition of the requests, drawn at random. */
function leaders(client: Kafka, kafka: KafkaCluster): Victim {
  return {
    name: 'broker',
    async pick(random) {
      const admin = client.admin();
      try {
        await admin.connect();
        const { topics } = await admin.fetchTopicMetadata({ topics: ['deletion.requested.v1'] });
        const partitions = topics[0]?.partitions ?? [];
        const { leader = 0 } = partitions[Math.floor(random() * partitions.length)] ?? {};
        return kafka.brokers[Math.max(0, leader - 1)]!;
      } finally {
        await admin.disconnect();
      }
    },
  };
}

/** kafkajs and minio-js, used directly. */
function observe(client: Kafka, s3: Client): Observer {
  return {
    async listObjects(prefix) {
      const keys: string[] = [];
      for await (const item of s3.listObjectsV2(bucket, prefix, true)) {
        if (item.name !== undefined) keys.push(item.name);
      }
      return keys;
    },
    async readObject(key) {
      try {
        return await buffer(await s3.getObject(bucket, key));
      } catch (thrown) {
        if ((thrown as { code?: string }).code === 'NoSuchKey') return undefined;
        throw thrown;
      }
    },
    readTopics: () => readTopics(client),
  };
}

/**
 * From the beginning to what was the end when it began, as committed. kafkajs's own filter lets
 * records of aborted transactions through, so it is not asked: the markers in the log say what
 * became of each transaction.
 */
async function readTopics(client: Kafka): Promise<Map<string, TopicRecord[]>> {
  const logs = new Map<string, TransactionalLog>();
  const topics = new Set<string>();
  const behind = new Map<string, bigint>();
  const admin = client.admin();
  await admin.connect();
  for (const topic of (await admin.listTopics()).filter((name) => !name.startsWith('__'))) {
    topics.add(topic);
    for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
      if (BigInt(high) > BigInt(low)) behind.set(`${topic}/${partition}`, BigInt(high));
    }
  }
  await admin.disconnect();
  const groupId = `chaos-checker-${randomUUID()}`;
  const consumer = client.consumer({ groupId, maxWaitTimeInMs: 200 });
  await consumer.connect();
  await consumer.subscribe({ topics: [...topics], fromBeginning: true });
  const failed = new Promise<never>((_, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (!payload.restart) reject(payload.error);
    });
  });
  await consumer.run({
    autoCommit: false,
    async eachBatch({ batch }) {
      const { topic, partition } = batch;
      const log = logs.get(`${topic}/${partition}`) ?? new TransactionalLog(partition);
      logs.set(`${topic}/${partition}`, log);
      for (const raw of (batch as unknown as { rawMessages: RawMessage[] }).rawMessages) {
        log.read(raw);
      }
      const end = behind.get(`${topic}/${partition}`) ?? 0n;
      if (BigInt(batch.lastOffset()) + 1n >= end) behind.delete(`${topic}/${partition}`);
    },
  });
  const caughtUp = async () => {
    while (behind.size > 0) await sleep(50);
  };
  await Promise.race([caughtUp(), failed]).finally(() => consumer.disconnect());
  return new Map(
    [...topics].map((topic) => {
      const partitions = [...logs].filter(([name]) => name.startsWith(`${topic}/`));
      return [topic, partitions.flatMap(([, log]) => log.committed())];
    }),
  );
}
