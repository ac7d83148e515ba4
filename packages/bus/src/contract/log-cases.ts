import { expect } from 'vitest';
import { partitionOf } from '../murmur2.ts';
import { type Case, drain, handOvers, record, textOf, until } from './fixture.ts';

/** Topics, publishing and reading. */
export function logCases(check: Case): void {
  check('keeps the order of each key', async (fixture) => {
    const bus = await fixture.open();
    const topic = await fixture.topic(bus, 'orders', 4);
    const keys = ['ant', 'bee', 'cat', 'dog', 'elk', 'fox'];
    for (let round = 0; round < 20; round++) {
      await bus.publish(keys.map((key) => record(topic, key, String(round))));
    }
    const seen = await drain(bus, fixture.name('g'), [topic], keys.length * 20);
    const rounds = Array.from({ length: 20 }, (_, round) => String(round));
    for (const key of keys) {
      expect(seen.filter((each) => each.key === key).map(textOf)).toEqual(rounds);
    }
  });

  check('puts a key where murmur2 says, with offsets from 0 without gaps', async (fixture) => {
    const bus = await fixture.open();
    const topic = await fixture.topic(bus, 'spread', 8);
    const keys = Array.from({ length: 64 }, (_, index) => `model-${index}`);
    await bus.publish(keys.map((key) => record(topic, key, key)));
    const seen = await drain(bus, fixture.name('g'), [topic], keys.length);
    for (const each of seen) expect(each.partition).toBe(partitionOf(each.key, 8));
    for (let partition = 0; partition < 8; partition++) {
      const offsets = seen.filter((each) => each.partition === partition).map((r) => r.offset);
      expect(offsets).toEqual(offsets.map((_, index) => BigInt(index)));
    }
  });

  check('gives back keys, headers, empty and binary values as they were', async (fixture) => {
    const bus = await fixture.open();
    const topic = await fixture.topic(bus, 'bytes', 1);
    const binary = Uint8Array.from({ length: 256 }, (_, index) => index);
    const headers = { traceparent: '00-ab-cd-01', größe: 'ß "quoted" \n 😀' };
    await bus.publish([
      { topic, key: 'schlüssel 😀', value: binary, headers },
      { topic, key: '', value: new Uint8Array(0) },
    ]);
    const [first, second] = await drain(bus, fixture.name('g'), [topic], 2);
    expect(first).toMatchObject({ key: 'schlüssel 😀', headers, topic, partition: 0, offset: 0n });
    expect([...(first?.value ?? [])]).toEqual([...binary]);
    expect(second).toMatchObject({ key: '', headers: {}, offset: 1n });
    expect(second?.value).toHaveLength(0);
    expect(first?.timestampMs).toBeGreaterThan(0);
  });

  check('keeps what was published for a client that opens later', async (fixture) => {
    const topic = await (async () => {
      await using bus = await fixture.open();
      const name = await fixture.topic(bus, 'lasting', 2);
      await bus.publish([record(name, 'a', 'one'), record(name, 'b', 'two')]);
      return name;
    })();
    const later = await fixture.open();
    const seen = await drain(later, fixture.name('g'), [topic], 2);
    expect(seen.map(textOf).toSorted()).toEqual(['one', 'two']);
  });

  check('creates topics once and refuses another number of partitions', async (fixture) => {
    const bus = await fixture.open();
    const spec = { name: fixture.name('fixed'), partitions: 3, retentionMs: 86_400_000 };
    await bus.ensureTopics([spec]);
    await bus.ensureTopics([spec]);
    const other = await fixture.open();
    await other.ensureTopics([spec]);
    const changed = bus.ensureTopics([{ ...spec, partitions: 4 }]);
    await expect(changed).rejects.toMatchObject({ code: 'precondition' });
    await expect(changed).rejects.toThrow(/exists with 3 partitions/);
  });

  check('refuses to publish to and consume from a topic that does not exist', async (fixture) => {
    const bus = await fixture.open();
    const missing = fixture.name('missing');
    const publishing = bus.publish([record(missing, 'a', 'b')]);
    await expect(publishing).rejects.toMatchObject({ code: 'not_found' });
    const { options } = handOvers(fixture.name('g'), [missing]);
    await expect(bus.consume(options)).rejects.toMatchObject({ code: 'not_found' });
  });

  check('publishes all records of a call or none', async (fixture) => {
    const bus = await fixture.open();
    const topic = await fixture.topic(bus, 'whole', 1);
    const torn = bus.publish([
      record(topic, 'a', 'never'),
      { topic, key: 'a', value: new Uint8Array(16 * 1024 * 1024) },
    ]);
    await expect(torn).rejects.toMatchObject({ code: 'capacity' });
    await bus.publish([record(topic, 'a', 'first')]);
    const seen = await drain(bus, fixture.name('g'), [topic], 1);
    expect(seen.map(textOf)).toEqual(['first']);
  });

  check('publishing nothing is fine', async (fixture) => {
    const bus = await fixture.open();
    await expect(bus.publish([])).resolves.toBeUndefined();
  });

  check('wakes a reader that waits, for records of this and of another client', async (fixture) => {
    const bus = await fixture.open();
    const other = await fixture.open();
    const topic = await fixture.topic(bus, 'wake', 1);
    const { given, options } = handOvers(fixture.name('g'), [topic]);
    await bus.consume(options);
    await until(() => given.length === 1);
    for (const publisher of [bus, other]) {
      // Without a wake-up this test cannot end.
      const reading = given[0]!.read(10, Number.POSITIVE_INFINITY);
      await publisher.publish([record(topic, 'a', 'ping')]);
      expect((await reading).map(textOf)).toEqual(['ping']);
    }
  });

  check('gives at most `limit` records, and nothing after `waitMs`', async (fixture) => {
    const bus = await fixture.open();
    const topic = await fixture.topic(bus, 'limited', 1);
    await bus.publish(['1', '2', '3'].map((text) => record(topic, 'a', text)));
    const { given, options } = handOvers(fixture.name('g'), [topic]);
    await bus.consume(options);
    await until(() => given.length === 1);
    expect((await given[0]!.read(2, 60_000)).map(textOf)).toEqual(['1', '2']);
    expect((await given[0]!.read(2, 60_000)).map(textOf)).toEqual(['3']);
    expect(await given[0]!.read(2, 1)).toEqual([]);
  });
}
