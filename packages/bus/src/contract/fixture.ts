import { randomUUID } from 'node:crypto';
import type { TopicSpec } from '@lethe/contracts';
import type {
  ConsumeOptions,
  IncomingRecord,
  MessageBus,
  OutgoingRecord,
  OwnedPartition,
} from '../message-bus.ts';

/** One store of records (a file, a cluster) for one test. */
export interface BusFixture extends AsyncDisposable {
  /** A new client of it; the suite disposes each. */
  open(): Promise<MessageBus>;
}

export interface BusContract {
  setUp(): Promise<BusFixture>;
  /** A pause without `read` that must not cost the partition: longer than the session time-out. */
  readonly pauseMs: number;
  /** Records of the long run. Default 100,000. */
  readonly manyRecords?: number;
  /** Tests that cannot hold for an adapter, by name, each with the reason. */
  readonly exceptions?: Readonly<Record<string, string>>;
}

/** Declares one test, on a store of its own. */
export type Case = (name: string, test: (bus: TestBus) => Promise<void>) => void;

/** A fixture with its clients and names, cleaned up after the test. */
export class TestBus implements AsyncDisposable {
  readonly #fixture: BusFixture;
  readonly #clients: MessageBus[] = [];
  readonly #run = randomUUID().slice(0, 8);

  constructor(fixture: BusFixture) {
    this.#fixture = fixture;
  }

  async open(): Promise<MessageBus> {
    const bus = await this.#fixture.open();
    this.#clients.push(bus);
    return bus;
  }

  /** A name for a topic or group that no other test has. */
  name(base: string): string {
    return `${base}-${this.#run}`;
  }

  async topic(bus: MessageBus, base: string, partitions: number): Promise<string> {
    const spec: TopicSpec = { name: this.name(base), partitions, retentionMs: 86_400_000 };
    await bus.ensureTopics([spec]);
    return spec.name;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) await client[Symbol.asyncDispose]();
    await this.#fixture[Symbol.asyncDispose]();
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function record(topic: string, key: string, text: string): OutgoingRecord {
  return { topic, key, value: encoder.encode(text) };
}

export function textOf(incoming: IncomingRecord): string {
  return decoder.decode(incoming.value);
}

/** Asks again and again until `condition` holds; the test's time-out ends it otherwise. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Throws in the test what a consumer reports as fatal. */
export function rethrow(error: Error): void {
  throw error;
}

/** Reads `topics` as `group` until `count` records came, committing each batch. */
export async function drain(
  bus: MessageBus,
  group: string,
  topics: readonly string[],
  count: number,
): Promise<IncomingRecord[]> {
  const seen: IncomingRecord[] = [];
  await using consumption = await bus.consume({
    group,
    topics,
    onFatal: rethrow,
    onPartition: async (partition) => {
      while (!partition.lost.aborted) {
        const records = await partition.read(100, 60_000);
        const last = records.at(-1);
        if (last === undefined) continue;
        await partition.commit(last.offset + 1n, []);
        seen.push(...records);
      }
    },
  });
  await until(() => seen.length >= count);
  void consumption;
  return seen;
}

/** Options whose hand-overs are given to the test, which works with them as it likes. */
export function handOvers(group: string, topics: readonly string[]) {
  const given: OwnedPartition[] = [];
  const options: ConsumeOptions = {
    group,
    topics,
    onFatal: rethrow,
    onPartition: async (partition) => {
      given.push(partition);
      await new Promise<void>((resolve) => {
        partition.lost.addEventListener('abort', () => resolve());
      });
    },
  };
  return { given, options };
}
