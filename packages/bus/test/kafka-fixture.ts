import { randomUUID } from 'node:crypto';
import { kafkajs } from '../src/kafka/kafkajs.ts';
import { KafkaBus, type KafkaBusOptions } from '../src/kafka-bus.ts';
import type { IncomingRecord, OutgoingRecord, OwnedPartition } from '../src/message-bus.ts';

/** A session short enough for tests, long enough for a busy machine. */
export const sessionTimeoutMs = 3_000;

export function openBus(
  brokers: readonly string[],
  options: Partial<KafkaBusOptions> = {},
): Promise<KafkaBus> {
  return KafkaBus.open({
    brokers,
    clientId: 'lethe-test',
    sessionTimeoutMs,
    backoff: () => 20,
    ...options,
  });
}

/** kafkajs without the adapter, for what others do on the same cluster. */
export function rawKafka(brokers: readonly string[]) {
  return new kafkajs.Kafka({
    brokers: [...brokers],
    clientId: 'others',
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { initialRetryTime: 10, maxRetryTime: 1_000, retries: 25 },
  });
}

export async function newTopic(bus: KafkaBus, partitions = 1, base = 'topic'): Promise<string> {
  const name = newName(base);
  await bus.ensureTopics([{ name, partitions, retentionMs: 86_400_000 }]);
  return name;
}

export function newName(base: string): string {
  return `${base}-${randomUUID().slice(0, 8)}`;
}

export function record(topic: string, key: string, text: string): OutgoingRecord {
  return { topic, key, value: new TextEncoder().encode(text) };
}

export function textOf({ value }: IncomingRecord): string {
  return new TextDecoder().decode(value);
}

/**
 * A member of `group` whose hand-overs are given to the test, which may let one fail; `fatal` and
 * `retries` tell the rest.
 */
export async function join(bus: KafkaBus, group: string, topics: readonly string[]) {
  const given: OwnedPartition[] = [];
  const fatal: Error[] = [];
  const retries: Error[] = [];
  const failing = new Map<OwnedPartition, (error: Error) => void>();
  const consumption = await bus.consume({
    group,
    topics,
    onFatal: (error) => fatal.push(error),
    onRetry: (error) => retries.push(error),
    onPartition: async (partition) => {
      given.push(partition);
      await new Promise<void>((resolve, reject) => {
        failing.set(partition, reject);
        partition.lost.addEventListener('abort', () => resolve());
      });
    },
  });
  const fail = (partition: OwnedPartition, error: Error) => failing.get(partition)?.(error);
  return { given, fatal, retries, fail, consumption };
}

/** Reads until `count` records have come, without committing. */
export async function readSome(partition: OwnedPartition, count: number): Promise<string[]> {
  const texts: string[] = [];
  while (texts.length < count && !partition.lost.aborted) {
    texts.push(...(await partition.read(count - texts.length, 30_000)).map(textOf));
  }
  return texts;
}
