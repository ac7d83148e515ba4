import { expect } from 'vitest';
import type { OwnedPartition } from '../message-bus.ts';
import {
  type BusContract,
  type Case,
  drain,
  handOvers,
  record,
  rethrow,
  textOf,
  until,
} from './fixture.ts';

/** Groups: committed offsets, hand-over, rebalance, lag. */
export function groupCases(check: Case, contract: BusContract): void {
  check('begins again at the committed offset', async (fixture) => {
    const bus = await fixture.open();
    const topic = await fixture.topic(bus, 'again', 1);
    const group = fixture.name('g');
    await bus.publish(['0', '1', '2', '3'].map((text) => record(topic, 'a', text)));
    const { given, options } = handOvers(group, [topic]);
    {
      await using _first = await bus.consume(options);
      await until(() => given.length === 1);
      expect(await given[0]!.read(4, 60_000)).toHaveLength(4);
      await given[0]!.commit(2n, []);
    }
    const seen = await drain(await fixture.open(), group, [topic], 2);
    expect(seen.map(textOf)).toEqual(['2', '3']);
  });

  check('hands a partition over anew when the handler throws', async (fixture) => {
    const bus = await fixture.open();
    const topic = await fixture.topic(bus, 'throwing', 1);
    await bus.publish(['0', '1', '2'].map((text) => record(topic, 'a', text)));
    const firsts: string[] = [];
    const retries: string[] = [];
    await bus.consume({
      group: fixture.name('g'),
      topics: [topic],
      onFatal: rethrow,
      onRetry: (error, { partition }) => retries.push(`${partition}: ${error.message}`),
      onPartition: async (partition) => {
        const [first] = await partition.read(1, 60_000);
        if (first === undefined) return;
        firsts.push(textOf(first));
        if (firsts.length === 2) await partition.commit(first.offset + 1n, []);
        if (firsts.length < 4) throw new Error(`attempt ${firsts.length}`);
      },
    });
    await until(() => firsts.length === 4);
    expect(firsts).toEqual(['0', '0', '1', '1']);
    expect(retries).toEqual(['0: attempt 1', '0: attempt 2', '0: attempt 3']);
  });

  check('gives every group all records', async (fixture) => {
    const bus = await fixture.open();
    const topic = await fixture.topic(bus, 'fan', 2);
    await bus.publish([record(topic, 'a', 'x'), record(topic, 'b', 'y')]);
    for (const group of ['g1', 'g2']) {
      const seen = await drain(bus, fixture.name(group), [topic], 2);
      expect(seen.map(textOf).toSorted()).toEqual(['x', 'y']);
    }
  });

  check(
    'shares partitions between members and takes them back when one leaves',
    async (fixture) => {
      const [bus, other] = [await fixture.open(), await fixture.open()];
      const topic = await fixture.topic(bus, 'shared', 4);
      const first = handOvers(fixture.name('g'), [topic]);
      const staying = await bus.consume(first.options);
      await until(() => staying.owned().length === 4);
      for (const joining of [bus, other]) {
        const second = handOvers(fixture.name('g'), [topic]);
        const leaving = await joining.consume(second.options);
        await until(() => staying.owned().length === 2 && leaving.owned().length === 2);
        expect([...staying.owned(), ...leaving.owned()].toSorted()).toEqual(
          [0, 1, 2, 3].map((partition) => `${topic}/${partition}`),
        );
        await leaving[Symbol.asyncDispose]();
        await until(() => staying.owned().length === 4);
      }
    },
  );

  check('loses and repeats nothing while members come and go', async (fixture) => {
    const [bus, other] = [await fixture.open(), await fixture.open()];
    const source = await fixture.topic(bus, 'source', 4);
    const target = await fixture.topic(bus, 'target', 1);
    const copying = {
      group: fixture.name('copy'),
      topics: [source],
      onFatal: rethrow,
      onPartition: async (partition: OwnedPartition) => {
        while (!partition.lost.aborted) {
          const records = await partition.read(7, 60_000);
          const last = records.at(-1);
          if (last === undefined) continue;
          const copies = records.map((each) => record(target, 'all', textOf(each)));
          await partition.commit(last.offset + 1n, copies);
        }
      },
    };
    const sent = Array.from({ length: 400 }, (_, index) => String(index));
    await bus.consume(copying);
    for (let batch = 0; batch < 10; batch++) {
      await using _visitor = await (batch % 2 === 0 ? other : bus).consume(copying);
      const part = sent.slice(batch * 40, batch * 40 + 40);
      await bus.publish(part.map((text) => record(source, `key-${text}`, text)));
    }
    const copies = await drain(bus, fixture.name('check'), [target], sent.length);
    expect(copies.map(textOf).toSorted()).toEqual(sent.toSorted());
  });

  check('keeps a partition that is not read for long', async (fixture) => {
    const [bus, other] = [await fixture.open(), await fixture.open()];
    const topic = await fixture.topic(bus, 'paused', 1);
    const { given, options } = handOvers(fixture.name('g'), [topic]);
    await bus.consume(options);
    await until(() => given.length === 1);
    // A second member has nothing to own, and would take over from a member held for dead.
    const rival = await other.consume(handOvers(fixture.name('g'), [topic]).options);
    await bus.publish([record(topic, 'a', 'x')]);
    await given[0]!.read(1, 60_000);
    await new Promise((resolve) => setTimeout(resolve, contract.pauseMs));
    await given[0]!.commit(1n, []);
    expect(given[0]!.lost.aborted).toBe(false);
    expect(rival.owned()).toEqual([]);
  });

  check('waits for the handler when a consumption is disposed of', async (fixture) => {
    const bus = await fixture.open();
    const topic = await fixture.topic(bus, 'waiting', 1);
    const events: string[] = [];
    const consumption = await bus.consume({
      group: fixture.name('g'),
      topics: [topic],
      onFatal: rethrow,
      onPartition: async (partition) => {
        events.push('owned');
        expect(await partition.read(1, 600_000)).toEqual([]);
        expect(partition.lost.aborted).toBe(true);
        await new Promise((resolve) => setTimeout(resolve, 50));
        events.push('returned');
      },
    });
    await until(() => events.length === 1);
    await consumption[Symbol.asyncDispose]();
    events.push('disposed');
    expect(events).toEqual(['owned', 'returned', 'disposed']);
    expect(consumption.owned()).toEqual([]);
  });

  check('tells the lag of each partition', async (fixture) => {
    const bus = await fixture.open();
    const topic = await fixture.topic(bus, 'lagging', 1);
    const group = fixture.name('g');
    await bus.publish(['0', '1', '2'].map((text) => record(topic, 'a', text)));
    const before = { topic, partition: 0, committed: 0n, end: 3n, lag: 3n };
    expect(await bus.lag(group, [topic])).toEqual([before]);
    const { given, options } = handOvers(group, [topic]);
    await bus.consume(options);
    await until(() => given.length === 1);
    await given[0]!.commit(2n, []);
    expect(await bus.lag(group, [topic])).toEqual([{ ...before, committed: 2n, lag: 1n }]);
  });
}
