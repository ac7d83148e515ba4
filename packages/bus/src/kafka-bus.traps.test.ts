import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { LetheError } from '@lethe/contracts';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { isInstalled } from '../../../scripts/servers/recipe.ts';
import { KafkaCluster } from '../../../test/support/servers/kafka-cluster.ts';
import { ServerProcess } from '../../../test/support/servers/server-process.ts';
import {
  join,
  newName,
  newTopic,
  openBus,
  rawKafka,
  readSome,
  record,
  sessionTimeoutMs,
  textOf,
} from '../test/kafka-fixture.ts';
import { KafkaClients } from './kafka/clients.ts';
import { FencedProducer, transactionalIdOf } from './kafka/fenced-producer.ts';
import { GroupOffsets } from './kafka/group-offsets.ts';
import { kafkajs } from './kafka/kafkajs.ts';
import type { KafkaOwnedPartition } from './kafka/owned-partition.ts';
import type { KafkaBus } from './kafka-bus.ts';
import type { IncomingRecord } from './message-bus.ts';
import { partitionOf } from './murmur2.ts';

/** What kafkajs and Kafka do to the unwary, each with the remedy that this adapter has for it. */
describe.skipIf(!isInstalled('kafka'))('KafkaBus among the traps', () => {
  let kafka: KafkaCluster;
  beforeAll(async () => {
    // Transactions that nobody ends are looked for more often than every ten seconds.
    const properties = { 'transaction.abort.timed.out.transaction.cleanup.interval.ms': '500' };
    kafka = await KafkaCluster.start({ properties });
  });
  afterAll(() => kafka?.[Symbol.asyncDispose]());
  const open = () => openBus(kafka.bootstrap);

  // First in the file: the broker has never seen a group or a transaction.
  it('commits for the first group of a new cluster', async () => {
    await using bus = await open();
    const [source, target] = [await newTopic(bus), await newTopic(bus)];
    const { given, fatal, retries } = await join(bus, newName('g'), [source]);
    await expect.poll(() => given.length).toBe(1);
    await given[0]!.commit(0n, [record(target, 'a', 'x')]);
    expect([...fatal, ...retries]).toEqual([]);
  });

  it('shows no record of aborted transactions that overlap', async () => {
    await using bus = await open();
    const topic = await newTopic(bus);
    const kafkajs = rawKafka(kafka.bootstrap);
    const producers = ['a', 'b', 'c'].map((id) =>
      kafkajs.producer({ transactionalId: newName(id), idempotent: true, maxInFlightRequests: 1 }),
    );
    const [a, b, c] = await Promise.all(
      producers.map(async (producer) => {
        await producer.connect();
        return producer.transaction();
      }),
    );
    const send = (transaction: typeof a, value: string) =>
      transaction!.send({ topic, messages: [{ partition: 0, key: 'k', value }] });
    await send(a, 'aborted');
    await send(b, 'aborted, and ended first');
    await send(c, 'committed');
    await b!.abort();
    await c!.commit();
    await send(a, 'aborted, too');
    await a!.abort();
    await bus.publish([record(topic, 'k', 'outside')]);
    const { given } = await join(bus, newName('g'), [topic]);
    await expect.poll(() => given.length).toBe(1);
    expect(await readSome(given[0]!, 2)).toEqual(['committed', 'outside']);
    await Promise.all(producers.map((producer) => producer.disconnect()));
  });

  it('is left with no lag by a reader of everything, markers of transactions included', async () => {
    await using bus = await open();
    const [source, target] = [await newTopic(bus), await newTopic(bus)];
    const writer = await join(bus, newName('w'), [source]);
    await expect.poll(() => writer.given.length).toBe(1);
    for (const text of ['x', 'y']) await writer.given[0]!.commit(0n, [record(target, 'a', text)]);
    const group = newName('g');
    const { given } = await join(bus, group, [target]);
    await expect.poll(() => given.length).toBe(1);
    expect(await readSome(given[0]!, 2)).toEqual(['x', 'y']);
    // Records at 0 and 2, markers at 1 and 3.
    await given[0]!.commit(3n, []);
    expect(await bus.lag(group, [target])).toMatchObject([{ end: 4n, lag: 0n }]);
  });

  it('commits offsets alone, one transaction right after the other', async () => {
    await using bus = await open();
    const topic = await newTopic(bus);
    const group = newName('g');
    await bus.publish(Array.from({ length: 20 }, () => record(topic, 'a', 'x')));
    const { given } = await join(bus, group, [topic]);
    await expect.poll(() => given.length).toBe(1);
    for (let next = 1n; next <= 20n; next++) await given[0]!.commit(next, []);
    expect(await bus.lag(group, [topic])).toMatchObject([{ committed: 20n }]);
    expect(given).toHaveLength(1);
  });

  it('reads the committed offset only when nobody can move it any more', async () => {
    await using bus = await open();
    const topic = await newTopic(bus);
    await bus.publish([record(topic, 'a', '0'), record(topic, 'a', '1')]);
    const clients = new KafkaClients({ brokers: kafka.bootstrap, clientId: 'test' });
    const input = { group: newName('g'), topic, partition: 0 };
    const former = await FencedProducer.open(clients, input, 'lethe/');
    const late: unknown[] = [];
    const { bounds } = GroupOffsets.prototype;
    const reading = vi.spyOn(GroupOffsets.prototype, 'bounds');
    reading.mockImplementation(async function (this: GroupOffsets, ...args) {
      const found = await bounds.apply(this, args);
      // It is still at work, and commits when the successor has just read.
      late.push(await former.commit({ offset: 1n, mark: 'late' }).catch(LetheError.from));
      return found;
    });
    try {
      const { given } = await join(bus, input.group, [topic]);
      await expect.poll(() => given.length).toBe(1);
      expect(late).toEqual([expect.objectContaining({ code: 'fenced' })]);
      expect(await readSome(given[0]!, 2)).toEqual(['0', '1']);
    } finally {
      reading.mockRestore();
      await former.close();
    }
  });

  it('reads the offset that the former owner committed last, fenced before', async () => {
    await using bus = await open();
    const topic = await newTopic(bus);
    const clients = new KafkaClients({ brokers: kafka.bootstrap, clientId: 'test' });
    const input = { group: newName('g'), topic, partition: 0 };
    let owner = await FencedProducer.open(clients, input, 'lethe/');
    for (let next = 1n; next <= 20n; next++) {
      await owner.commit({ offset: next, mark: `${next}` });
      const successor = await FencedProducer.open(clients, input, 'lethe/');
      // `lag` has not heard of these commits: it tells what the broker tells.
      expect(await bus.lag(input.group, [topic])).toMatchObject([{ committed: next }]);
      await expect(owner.commit({ offset: next, mark: '' })).rejects.toMatchObject({
        code: 'fenced',
      });
      await owner.close();
      owner = successor;
    }
    await owner.close();
  });

  it('aborts what a dead owner left open, and shows none of it', async () => {
    await using bus = await open();
    const [source, target] = [await newTopic(bus), await newTopic(bus)];
    const group = newName('g');
    const dead = rawKafka(kafka.bootstrap).producer({
      transactionalId: transactionalIdOf('lethe/', { group, topic: source, partition: 0 }),
      idempotent: true,
      maxInFlightRequests: 1,
    });
    await dead.connect();
    const left = await dead.transaction();
    await left.send({ topic: target, messages: [{ partition: 0, key: 'a', value: 'never' }] });
    const { given } = await join(bus, group, [source]);
    await expect.poll(() => given.length).toBe(1);
    await given[0]!.commit(0n, [record(target, 'a', 'first')]);
    const reader = await join(bus, newName('g'), [target]);
    await expect.poll(() => reader.given.length).toBe(1);
    expect(await readSome(reader.given[0]!, 1)).toEqual(['first']);
    await dead.disconnect();
  });

  it('goes on with a new producer after a transaction that failed in the middle', async () => {
    await using bus = await open();
    const [source, target] = [await newTopic(bus), await newTopic(bus)];
    const narrow = newName('narrow');
    const admin = rawKafka(kafka.bootstrap).admin();
    await admin.connect();
    const configEntries = [{ name: 'max.message.bytes', value: '1000' }];
    await admin.createTopics({
      topics: [{ topic: narrow, numPartitions: 1, configEntries }],
      waitForLeaders: false,
    });
    await admin.disconnect();
    await bus.ensureTopics([{ name: narrow, partitions: 1, retentionMs: 1 }]);
    const { given, retries } = await join(bus, newName('g'), [source]);
    await expect.poll(() => given.length).toBe(1);
    const torn = given[0]!.commit(0n, [
      record(target, 'a', 'never'),
      record(narrow, 'a', 'x'.repeat(2_000)),
    ]);
    await expect(torn).rejects.toMatchObject({ code: 'capacity' });
    expect(given[0]!.lost.aborted).toBe(true);
    await expect.poll(() => given.length).toBe(2);
    await given[1]!.commit(0n, [record(target, 'a', 'after')]);
    const reader = await join(bus, newName('g'), [target]);
    await expect.poll(() => reader.given.length).toBe(1);
    expect(await readSome(reader.given[0]!, 1)).toEqual(['after']);
    expect(retries).toEqual([]);
  });

  it.each([
    ['was made', true],
    ['was not made', false],
  ])(
    'goes on in the middle of its work after a transaction of which nobody heard that it %s',
    async (_, isMade) => {
      await using bus = await open();
      const [source, target] = [await newTopic(bus), await newTopic(bus)];
      const group = newName('g');
      await bus.publish([record(source, 'a', '0'), record(source, 'a', '1')]);
      const { given, retries, fatal } = await join(bus, group, [source]);
      await expect.poll(() => given.length).toBe(1);
      expect(await readSome(given[0]!, 2)).toEqual(['0', '1']);
      const { prototype } = createRequire(import.meta.url)('kafkajs/src/broker/index.js');
      const { endTxn } = prototype;
      let ends = 0;
      prototype.endTxn = async function (this: unknown, ...args: unknown[]) {
        if (ends++ > 0) return await endTxn.apply(this, args);
        if (isMade) await endTxn.apply(this, args);
        throw new kafkajs.KafkaJSConnectionError('as if the connection had broken');
      };
      try {
        const first = given[0]!.commit(1n, [record(target, 'a', 'first')], 'one');
        const second = given[0]!.commit(2n, [record(target, 'a', 'second')], 'two');
        await Promise.all([first, second]);
      } finally {
        prototype.endTxn = endTxn;
      }
      expect(retries).toHaveLength(1);
      expect([given.length, given[0]!.lost.aborted, fatal.length]).toEqual([1, false, 0]);
      expect(bus.interruption()).toBeUndefined();
      await given[0]!.commit(2n, [record(target, 'a', 'last')], 'three');
      const reader = await join(bus, newName('g'), [target]);
      await expect.poll(() => reader.given.length).toBe(1);
      expect(await readSome(reader.given[0]!, 3)).toEqual(['first', 'second', 'last']);
    },
  );

  it('refuses to go on where records were removed before they were read', async () => {
    await using bus = await open();
    const topic = await newTopic(bus);
    const group = newName('g');
    await bus.publish(Array.from({ length: 10 }, (_, index) => record(topic, 'a', `${index}`)));
    const admin = rawKafka(kafka.bootstrap).admin();
    await admin.connect();
    await admin.setOffsets({ groupId: group, topic, partitions: [{ partition: 0, offset: '3' }] });
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '7' }] });
    const { given, fatal } = await join(bus, group, [topic]);
    await expect
      .poll(() => fatal.map(({ message }) => message))
      .toEqual([expect.stringMatching(/records 3–6 were removed before group .* read them/)]);
    expect(fatal[0]).toMatchObject({ code: 'corrupt' });
    expect(given).toEqual([]);
    await admin.disconnect();
  });

  it('refuses to go on where records are removed under a reader', async () => {
    await using bus = await open();
    const topic = await newTopic(bus);
    const group = newName('g');
    const kilobytes = Array.from({ length: 40 }, () => record(topic, 'a', 'x'.repeat(50_000)));
    await bus.publish(kilobytes);
    const { given, fatal } = await join(bus, group, [topic]);
    await expect.poll(() => given.length).toBe(1);
    // The buffer is full long before the end; the rest goes while nobody reads.
    expect(await given[0]!.read(1, 30_000)).toHaveLength(1);
    const admin = rawKafka(kafka.bootstrap).admin();
    await admin.connect();
    await admin.fetchTopicOffsets(topic);
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '39' }] });
    await admin.disconnect();
    let last = 0n;
    while (!given[0]!.lost.aborted) {
      for (const { offset } of await given[0]!.read(100, 1_000)) last = offset;
    }
    expect(last).toBeLessThan(38n);
    await expect
      .poll(() => fatal.map(({ message }) => message))
      .toEqual([
        expect.stringContaining(
          'Nothing of this partition is read until somebody has looked at it',
        ),
      ]);
  });

  it('stays with its partitions and positions when another member joins', async () => {
    await using bus = await open();
    await using other = await open();
    const topic = await newTopic(bus, 4);
    const group = newName('g');
    const keys = Array.from({ length: 100 }, (_, index) => `key-${index}`);
    await bus.publish(keys.map((key) => record(topic, key, key)));
    const first = await join(bus, group, [topic]);
    await expect.poll(() => first.given.length).toBe(4);
    const before = await Promise.all(first.given.map((partition) => readSome(partition, 5)));
    const second = await join(other, group, [topic]);
    await expect.poll(() => second.given.length).toBe(2);
    const kept = first.given.filter(({ lost }) => !lost.aborted);
    expect(kept).toHaveLength(2);
    const [partition] = kept;
    const total = Number((await bus.lag(group, [topic]))[partition!.partition]!.end);
    const read = before[first.given.indexOf(partition!)]!;
    read.push(...(await readSome(partition!, total - 5)));
    expect(new Set(read).size).toBe(total);
    // kafkajs has gone back to the committed offset: what it fetches there must not come again.
    await bus.publish([record(topic, read[0]!, 'next')]);
    expect(await readSome(partition!, 1)).toEqual(['next']);
    await partition!.commit(BigInt(total) + 1n, []);
    expect(first.given).toHaveLength(4);
  });

  it('keeps a partition in the middle of a round of several sessions when others come and go', async () => {
    await using bus = await open();
    await using other = await open();
    const topic = await newTopic(bus, 4);
    const group = newName('g');
    const keys = Array.from({ length: 40 }, (_, index) => `key-${index}`);
    await bus.publish(keys.map((key) => record(topic, key, key)));
    const first = await join(bus, group, [topic]);
    await expect.poll(() => first.given.length).toBe(4);
    // Two are busy, whichever they are: the other two move.
    const busy = first.given.filter(({ partition }) => partition < 2);
    await Promise.all(busy.map((partition) => partition.read(1, 30_000)));
    for (let visits = 0; visits < 2; visits++) {
      const visitor = await join(other, group, [topic]);
      await expect.poll(() => visitor.given.length).toBe(2);
      await new Promise((resolve) => setTimeout(resolve, 1.5 * sessionTimeoutMs));
      await visitor.consumption[Symbol.asyncDispose]();
    }
    for (const partition of busy) await partition.commit(1n, []);
    expect(busy.map(({ lost }) => lost.aborted)).toEqual([false, false]);
  });

  it('reads a partition again that it had stopped fetching before it lost it', async () => {
    await using bus = await open();
    await using other = await open();
    const topic = await newTopic(bus, 2);
    const group = newName('g');
    const large = 'x'.repeat(100_000);
    const keys = Array.from({ length: 40 }, (_, index) => `key-${index}`);
    await bus.publish(keys.map((key) => record(topic, key, large)));
    const first = await join(bus, group, [topic]);
    await expect.poll(() => first.given.length).toBe(2);
    // Both are read ahead until their buffers are full, and pause.
    await Promise.all(first.given.map((partition) => partition.read(1, 30_000)));
    const second = await join(other, group, [topic]);
    await expect.poll(() => second.given.length).toBe(1);
    await second.consumption[Symbol.asyncDispose]();
    await expect.poll(() => first.given.length).toBe(3);
    const { partition } = first.given[2]!;
    const end = (await bus.lag(group, [topic]))[partition]!.end;
    expect(await readSome(first.given[2]!, Number(end))).toHaveLength(Number(end));
  });

  it('finishes the commits at work before it leaves the group to who waits there', async () => {
    await using bus = await open();
    await using other = await open();
    const [source, target] = [await newTopic(bus), await newTopic(bus)];
    const group = newName('g');
    await bus.publish([record(source, 'a', 'x')]);
    const { given, consumption } = await join(bus, group, [source]);
    await expect.poll(() => given.length).toBe(1);
    // One partition: whoever comes second waits, and fences as soon as the first has left.
    const standby = await join(other, group, [source]);
    const admin = rawKafka(kafka.bootstrap).admin();
    await admin.connect();
    await expect
      .poll(async () => (await admin.describeGroups([group])).groups[0])
      .toMatchObject({ state: 'Stable', members: [{}, {}] });
    await admin.disconnect();
    const commits = Array.from({ length: 200 }, (_, index) =>
      given[0]!.commit(1n, [record(target, 'a', 'y')], `${index}`),
    );
    const results = Promise.allSettled(commits);
    await consumption[Symbol.asyncDispose]();
    const refused = (await results).filter((each) => each.status !== 'fulfilled');
    expect(refused).toEqual([]);
    await expect.poll(() => standby.given.length).toBe(1);
    expect(standby.given[0]!.start).toMatchObject({ mark: '199' });
    expect(await standby.given[0]!.read(1, 500)).toEqual([]);
  });

  it('keeps its partition until its commit has ended when somebody joins as it closes', async () => {
    await using bus = await open();
    // Members are sorted by name: who comes now would be the first to get what nobody holds.
    await using other = await openBus(kafka.bootstrap, { clientId: 'a-first-one' });
    const topic = await newTopic(bus);
    const group = newName('g');
    await bus.publish([record(topic, 'a', 'x')]);
    const { given, consumption } = await join(bus, group, [topic]);
    await expect.poll(() => given.length).toBe(1);
    const admin = rawKafka(kafka.bootstrap).admin();
    await admin.connect();
    const { prototype } = createRequire(import.meta.url)('kafkajs/src/broker/index.js');
    const { endTxn } = prototype;
    const isEnding = Promise.withResolvers<void>();
    const mayEnd = Promise.withResolvers<void>();
    prototype.endTxn = async function (this: unknown, ...args: unknown[]) {
      isEnding.resolve();
      await mayEnd.promise;
      return await endTxn.apply(this, args);
    };
    let successor: Awaited<ReturnType<typeof join>>;
    try {
      const commit = given[0]!.commit(1n, [], 'the last');
      await isEnding.promise;
      const closed = consumption[Symbol.asyncDispose]();
      successor = await join(other, group, [topic]);
      await expect
        .poll(async () => (await admin.describeGroups([group])).groups[0])
        .toMatchObject({ state: 'Stable', members: [{}, {}] });
      // Time in which it would fence, had it the partition.
      await sleep(1_000);
      mayEnd.resolve();
      await expect(commit).resolves.toBeUndefined();
      await closed;
    } finally {
      prototype.endTxn = endTxn;
      await admin.disconnect();
    }
    await expect.poll(() => successor.given.length).toBe(1);
    expect(successor.given[0]!.start).toEqual({ offset: 1n, mark: 'the last' });
  });

  it('fences nobody when it wakes up after its session: others own its partitions', async () => {
    await using bus = await open();
    const topic = await newTopic(bus);
    const group = newName('g');
    let fail: (error: Error) => void = () => {};
    const given: string[] = [];
    await bus.consume({
      group,
      topics: [topic],
      onFatal: (error) => {
        throw error;
      },
      onPartition: async () => {
        given.push('here');
        await new Promise<void>((_, reject) => {
          fail = reject;
        });
      },
    });
    await expect.poll(() => given.length).toBe(1);
    const member = await ServerProcess.start({
      name: 'member',
      command: process.execPath,
      args: [
        '--disable-warning=ExperimentalWarning',
        fileURLToPath(new URL('../test/committing-member.ts', import.meta.url)),
        kafka.bootstrap.join(','),
        group,
        topic,
        String(sessionTimeoutMs),
      ],
      folder: process.cwd(),
      leftover: '/nowhere',
      isReady: () => true,
    });
    try {
      // This process sleeps, its event loop included, until the other one has taken over.
      await expect
        .poll(async () => {
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2 * sessionTimeoutMs);
          // Its hand-over fails as it wakes up, and is begun anew: what its group thinks, it hears later.
          fail(new Error('as if in the middle of something'));
          await new Promise((resolve) => setTimeout(resolve, 100));
          return member.output();
        })
        .toContain('owner');
      const before = member.output().match(/committed/g)?.length ?? 0;
      await expect
        .poll(() => member.output().match(/committed/g)?.length ?? 0)
        .toBeGreaterThan(before + 20);
      expect(member.output()).not.toMatch(/refused|retry/);
    } finally {
      await member.kill();
    }
  });

  it('leaves no ghost in the group when it is told to stop while it joins', async () => {
    await using bus = await open();
    const topic = await newTopic(bus);
    const group = newName('g');
    const staying = await join(bus, group, [topic]);
    await expect.poll(() => staying.given.length).toBe(1);
    // Joining lasts until the other member has noticed.
    for (const afterMs of [50, 100, 200, 300]) {
      const { consumption } = await join(bus, group, [topic]);
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      await consumption[Symbol.asyncDispose]();
    }
    // A ghost joins when nobody looks any more, and stays for a session.
    await new Promise((resolve) => setTimeout(resolve, sessionTimeoutMs / 2));
    const admin = rawKafka(kafka.bootstrap).admin();
    await admin.connect();
    const { groups } = await admin.describeGroups([group]);
    expect(groups.flatMap(({ members }) => members)).toHaveLength(1);
    await admin.disconnect();
  });

  it('reports every setting of a topic that differs, and alters none', async () => {
    await using bus = await open();
    const name = await newTopic(bus, 2);
    const wanted = { name, partitions: 4, retentionMs: 3_600_000 };
    for (let time = 0; time < 2; time++) {
      expect(await bus.applyTopics([wanted], { dryRun: false })).toMatchObject([
        {
          kind: 'drifted',
          drift: [
            { setting: 'partitions', wanted: '4', found: '2' },
            { setting: 'retention.ms', wanted: '3600000', found: '86400000' },
          ],
        },
      ]);
    }
  });

  it('publishes more to one partition than the broker takes in one batch, in order', async () => {
    await using bus = await open();
    const topic = await newTopic(bus);
    const texts = Array.from({ length: 80 }, (_, index) => `${index}`.padEnd(100_000, '.'));
    await bus.publish(texts.map((text) => record(topic, 'a', text)));
    const { given } = await join(bus, newName('g'), [topic]);
    await expect.poll(() => given.length).toBe(1);
    expect(await readSome(given[0]!, 80)).toEqual(texts);
  });

  it('keeps the order of concurrent publishes to one partition', async () => {
    await using bus = await open();
    const topic = await newTopic(bus);
    const texts = Array.from({ length: 200 }, (_, index) => `${index}`);
    await Promise.all(texts.map((text) => bus.publish([record(topic, 'a', text)])));
    const { given } = await join(bus, newName('g'), [topic]);
    await expect.poll(() => given.length).toBe(1);
    expect(await readSome(given[0]!, 200)).toEqual(texts);
  });

  it.each(['gzip', 'snappy', 'lz4', 'zstd'])(
    'reads what is compressed with %s, as foreign producers may',
    async (compression) => {
      await using bus = await open();
      const topic = newName(compression);
      const admin = rawKafka(kafka.bootstrap).admin();
      await admin.connect();
      // The broker compresses: with the codecs of Java's clients, as they would.
      const configEntries = [{ name: 'compression.type', value: compression }];
      const spec = { topic, numPartitions: 1, configEntries };
      await admin.createTopics({ topics: [spec], waitForLeaders: false });
      await admin.disconnect();
      await bus.ensureTopics([{ name: topic, partitions: 1, retentionMs: 1 }]);
      const texts = Array.from({ length: 20 }, (_, index) =>
        `${index}`.repeat(500).concat(randomBytes(5_000).toString('hex')),
      );
      await bus.publish(texts.map((text) => record(topic, 'a', text)));
      const { given } = await join(bus, newName('g'), [topic]);
      await expect.poll(() => given.length).toBe(1);
      expect(await readSome(given[0]!, texts.length)).toEqual(texts);
    },
  );

  it('passes over a batch that would fill the memory, and says which, as its consumer lives on', async () => {
    await using bus = await open();
    const topic = await newTopic(bus);
    const { CompressionCodecs, CompressionTypes } = kafkajs;
    const reading = CompressionCodecs[CompressionTypes.GZIP];
    CompressionCodecs[CompressionTypes.GZIP] = () => ({
      ...reading(),
      compress: async ({ buffer }: { buffer: Buffer }) => gzipSync(buffer),
    });
    const producer = rawKafka(kafka.bootstrap).producer();
    await producer.connect();
    const send = (...values: (string | Buffer)[]) =>
      producer.send({
        topic,
        compression: CompressionTypes.GZIP,
        messages: values.map((value) => ({ partition: 0, key: 'k', value })),
      });
    try {
      await send('before');
      await send('small', Buffer.alloc(65 * 2 ** 20));
      await send('after');
    } finally {
      CompressionCodecs[CompressionTypes.GZIP] = reading;
      await producer.disconnect();
    }
    const { given, fatal } = await join(bus, newName('g'), [topic]);
    await expect.poll(() => given.length).toBe(1);
    const records: IncomingRecord[] = [];
    await expect.poll(async () => records.push(...(await given[0]!.read(3, 1_000)))).toBe(3);
    expect(records.map(({ offset, fault }) => [offset, fault?.message])).toEqual([
      [0n, undefined],
      [2n, expect.stringMatching(/with gzip: none of its 2 records \(offsets 1–2\) was read/)],
      [3n, undefined],
    ]);
    await expect.poll(() => bus.interruption()).toBeUndefined();
    expect(fatal).toEqual([]);
  });

  it('writes a record once whose acknowledgement was lost', async () => {
    await using bus = await open();
    const [source, target] = [await newTopic(bus), await newTopic(bus)];
    const { given } = await join(bus, newName('g'), [source]);
    await expect.poll(() => given.length).toBe(1);
    const { KafkaJSConnectionError } = kafkajs;
    const { prototype } = createRequire(import.meta.url)('kafkajs/src/broker/index.js');
    const { produce } = prototype;
    let lost = 0;
    prototype.produce = async function (this: unknown, ...args: unknown[]) {
      const answer = await produce.apply(this, args);
      // Of every request the first one: the broker has written, and nobody hears of it.
      if (lost++ % 2 === 0) throw new KafkaJSConnectionError('as if the connection had broken');
      return answer;
    };
    try {
      await bus.publish([record(target, 'a', 'published')]);
      await given[0]!.commit(0n, [record(target, 'a', 'committed')]);
    } finally {
      prototype.produce = produce;
    }
    expect(lost).toBe(4);
    await bus.publish([record(target, 'a', 'last')]);
    const reader = await join(bus, newName('g'), [target]);
    await expect.poll(() => reader.given.length).toBe(1);
    expect(await readSome(reader.given[0]!, 3)).toEqual(['published', 'committed', 'last']);
  });

  it('has one write at a time under way with a broker: none overtakes another that is sent again', async () => {
    await using bus = await open();
    const topic = await newTopic(bus, 8);
    const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue');
    const { sendSocketRequest } = prototype;
    const underWay: number[] = [];
    prototype.sendSocketRequest = function (this: { inflight: Inflight }, request: Request) {
      sendSocketRequest.call(this, request);
      const isWrite = ({ entry }: Request) => entry.apiName === 'Produce';
      if (isWrite(request)) underWay.push([...this.inflight.values()].filter(isWrite).length);
    };
    try {
      const keys = Array.from({ length: 8 }, (_, partition) => keyIn(partition, 8));
      await bus.publish(keys.map((key) => record(topic, key, 'x')));
    } finally {
      prototype.sendSocketRequest = sendSocketRequest;
    }
    expect(underWay.length).toBeGreaterThanOrEqual(8);
    expect(Math.max(...underWay)).toBe(1);
  });

  it('holds up readers for no longer than its transactions may last when an owner dies in one', async () => {
    await using bus = await open();
    const [source, target] = [await newTopic(bus), await newTopic(bus)];
    const connection = { brokers: kafka.bootstrap, clientId: 'test' };
    const clients = new KafkaClients(connection, () => {}, { transactionTimeoutMs: 1_000 });
    const input = { group: newName('g'), topic: source, partition: 0 };
    const owner = await FencedProducer.open(clients, input, 'lethe/');
    const message = { partition: 0, key: Buffer.from('a'), value: Buffer.from('x'), headers: {} };
    const { prototype } = createRequire(import.meta.url)('kafkajs/src/broker/index.js');
    const { endTxn } = prototype;
    const died = Promise.withResolvers<never>();
    const isEnding = Promise.withResolvers<void>();
    prototype.endTxn = () => {
      isEnding.resolve();
      return died.promise;
    };
    try {
      void owner
        .commit({ offset: 1n, mark: '' }, async () => [
          { topic: target, partition: 0, messages: [message] },
        ])
        .catch(() => {});
      await isEnding.promise;
      await bus.publish([record(target, 'a', 'after')]);
      const { given } = await join(bus, newName('g'), [target]);
      await expect.poll(() => given.length).toBe(1);
      expect((await given[0]!.read(1, 30_000)).map(textOf)).toEqual(['after']);
    } finally {
      prototype.endTxn = endTxn;
      died.reject(new Error('it is dead'));
      await owner.close();
    }
  });

  it('waits some milliseconds for the end of the transaction before, not 300 as kafkajs does', async () => {
    await using bus = await open();
    const topic = await newTopic(bus);
    const clients = new KafkaClients({ brokers: kafka.bootstrap, clientId: 'test' });
    const input = { group: newName('g'), topic, partition: 0 };
    const owner = await FencedProducer.open(clients, input, 'lethe/');
    const message = { partition: 0, key: Buffer.from('a'), value: Buffer.from('x'), headers: {} };
    const batch = { topic, partition: 0, messages: [message] };
    const sleepsMs: number[] = [];
    const { setTimeout: real } = globalThis;
    const timers = vi.spyOn(globalThis, 'setTimeout');
    timers.mockImplementation(((work: () => void, delayMs = 0) => {
      if (new Error().stack?.includes('kafkajs/src/retry')) sleepsMs.push(delayMs);
      return real(work, delayMs);
    }) as typeof real);
    try {
      for (let next = 1n; next <= 20n; next++) {
        await owner.commit({ offset: next, mark: '' }, async () => [batch]);
      }
    } finally {
      timers.mockRestore();
    }
    // They double, should the broker take longer.
    const [shortestMs = 0] = sleepsMs.toSorted((a, b) => a - b);
    expect(shortestMs).toBeLessThan(50);
    await owner.close();
  });

  it('takes what a foreign client wrote: no key, no value, several values of a header', async () => {
    await using bus = await open();
    const topic = await newTopic(bus);
    const producer = rawKafka(kafka.bootstrap).producer();
    await producer.connect();
    await producer.send({ topic, messages: [{ value: null, headers: { h: ['1', '2'] } }] });
    await producer.disconnect();
    const { given } = await join(bus, newName('g'), [topic]);
    await expect.poll(() => given.length).toBe(1);
    const [foreign] = await given[0]!.read(1, 30_000);
    expect(foreign).toMatchObject({ key: '', headers: { h: '2' } });
    expect(textOf(foreign!)).toBe('');
  });

  it('says why it cannot read while the broker is away, keeps its work, and goes on when it is back', async () => {
    await using bus = await openBus(kafka.bootstrap, { standstillMs: 3 * sessionTimeoutMs });
    const topic = await newTopic(bus, 2);
    const group = newName('g');
    const { given, fatal, fail, consumption } = await join(bus, group, [topic]);
    await expect.poll(() => given.length).toBe(2);
    expect(bus.interruption()).toBeUndefined();
    // One partition, two members: one of them has nothing to do, before and after.
    await using idle = await open();
    const narrow = await newTopic(bus);
    const narrowGroup = newName('g');
    const taken = [
      await join(idle, narrowGroup, [narrow]),
      await join(idle, narrowGroup, [narrow]),
    ];
    await expect.poll(() => taken.flatMap(({ given: each }) => each)).toHaveLength(1);
    const [broker] = kafka.brokers;
    await broker!.kill();
    await expect
      .poll(() => bus.interruption()?.message, { timeout: 60_000 })
      .toMatch(/ECONNREFUSED|no answer from Kafka/);
    // One hand-over ends now: its partition waits for a life sign of a consumer that has no more.
    await sleep(sessionTimeoutMs);
    const ending = given.find(({ partition }) => partition === 1)!;
    fail(ending, new LetheError('unavailable', 'the work has failed'));
    // Longer than kafkajs tries: it gives the consumer up, and says so only in an event.
    await sleep(4 * sessionTimeoutMs);
    // A broker that is away is no reason to replace this process.
    expect(bus.standstill()).toBeUndefined();
    await broker!.restart();
    await expect.poll(() => given.length, { timeout: 90_000 }).toBe(3);
    expect(given[2]).toMatchObject({ partition: 1 });
    expect(consumption.owned()).toEqual([`${topic}/0`, `${topic}/1`]);
    const [kept] = given.filter(({ partition }) => partition === 0);
    await bus.publish([record(topic, keyIn(0, 2), 'after'), record(topic, keyIn(1, 2), 'after')]);
    for (const partition of [kept!, given[2]!]) {
      expect(await readSome(partition, 1)).toEqual(['after']);
      await partition.commit(1n, []);
    }
    for (const each of [bus, idle]) {
      await expect.poll(() => each.interruption()).toBeUndefined();
    }
    expect(fatal).toEqual([]);
  });

  it('goes on with its work after a mistake inside kafkajs, and reads no further ahead', async () => {
    await using bus = await open();
    const { large, read, partition, given, fatal } = await joinFilled(bus);
    const { position } = partition;
    const { prototype } = createRequire(import.meta.url)('kafkajs/src/consumer/runner.js');
    const { fetch } = prototype;
    let [mistakes, fetches] = [0, 0];
    prototype.fetch = async function (this: unknown, ...args: unknown[]) {
      if (mistakes++ === 0) throw new TypeError('as if kafkajs were wrong');
      fetches++;
      return await fetch.apply(this, args);
    };
    try {
      // The consumer has gone without a word but its event, and another one has taken its place,
      // which knows nothing of what its predecessor had paused.
      await expect.poll(() => fetches).toBeGreaterThan(5);
    } finally {
      prototype.fetch = fetch;
    }
    expect(partition.position).toBe(position);
    read.push(...(await readSome(partition, large.length - 1)));
    expect(read).toEqual(large);
    await partition.commit(BigInt(large.length), []);
    expect([given.length, fatal.length]).toEqual([1, 0]);
  });

  it('gives out what it has fetched while nobody fetches: its consumer is being replaced', async () => {
    await using bus = await openBus(kafka.bootstrap, { backoff: () => 1_000 });
    const { large, read, partition, given, fatal } = await joinFilled(bus);
    const { prototype } = createRequire(import.meta.url)('kafkajs/src/consumer/runner.js');
    const { fetch } = prototype;
    prototype.fetch = async () => {
      throw new TypeError('as if kafkajs were wrong');
    };
    try {
      await expect.poll(() => bus.interruption()).toBeDefined();
    } finally {
      prototype.fetch = fetch;
    }
    // As there is room again, more is to be fetched: kafkajs would throw that nothing runs.
    read.push(...(await readSome(partition, large.length - 1)));
    expect(read).toEqual(large);
    expect([given.length, fatal.length]).toEqual([1, 0]);
  });

  it('gives up when kafkajs makes the same mistake again and again', async () => {
    await using bus = await open();
    const { prototype } = createRequire(import.meta.url)('kafkajs/src/consumer/runner.js');
    const { fetch } = prototype;
    prototype.fetch = async () => {
      throw new TypeError('as if kafkajs were wrong');
    };
    try {
      const { fatal } = await join(bus, newName('g'), [await newTopic(bus)]);
      await expect.poll(() => fatal).toMatchObject([{ code: 'internal' }]);
    } finally {
      prototype.fetch = fetch;
    }
  });

  it('notices a consumer whose loop has stopped without a word, which only a new process mends', async () => {
    await using bus = await openBus(kafka.bootstrap, { standstillMs: 2 * sessionTimeoutMs });
    const { given, fatal } = await join(bus, newName('g'), [await newTopic(bus)]);
    await expect.poll(() => given.length).toBe(1);
    const { prototype } = createRequire(import.meta.url)('kafkajs/src/consumer/runner.js');
    const { fetch } = prototype;
    prototype.fetch = () => new Promise(() => {});
    try {
      await expect.poll(() => bus.standstill()?.message, { timeout: 60_000 }).toMatch(/stopped/);
      expect(bus.interruption()).toBeDefined();
      expect(fatal).toEqual([]);
    } finally {
      prototype.fetch = fetch;
    }
  });
});

/** A request of kafkajs, and those of a connection that are not answered yet. */
type Request = { readonly entry: { readonly apiName: string } };
type Inflight = ReadonlyMap<number, Request>;

/** A key of that partition. */
function keyIn(partition: number, partitions: number): string {
  for (let n = 0; ; n++) if (partitionOf(`key-${n}`, partitions) === partition) return `key-${n}`;
}

/** Owns a partition of which so much was fetched that nothing more is, until what is there is read. */
async function joinFilled(bus: KafkaBus) {
  const topic = await newTopic(bus);
  const large = Array.from({ length: 40 }, (_, index) => `${index}`.padEnd(100_000, '.'));
  await bus.publish(large.map((text) => record(topic, 'a', text)));
  const { given, fatal } = await join(bus, newName('g'), [topic]);
  await expect.poll(() => given.length).toBe(1);
  const partition = given[0] as KafkaOwnedPartition;
  const read = await readSome(partition, 1);
  await expect.poll(() => partition.isPaused).toBe(true);
  return { large, read, partition, given, fatal };
}
