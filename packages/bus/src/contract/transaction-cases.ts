import { expect } from 'vitest';
import { maxMarkBytes, type OwnedPartition } from '../message-bus.ts';
import { type Case, drain, handOvers, record, textOf, until } from './fixture.ts';

/** Commits: records and offset together, and only by the owner. */
export function transactionCases(check: Case): void {
  check('commits records of several topics together with the offset', async (fixture) => {
    const bus = await fixture.open();
    const source = await fixture.topic(bus, 'in', 1);
    const targets = [await fixture.topic(bus, 'left', 2), await fixture.topic(bus, 'right', 2)];
    const group = fixture.name('g');
    await bus.publish([record(source, 'a', 'x')]);
    const { given, options } = handOvers(group, [source]);
    await bus.consume(options);
    await until(() => given.length === 1);
    const [incoming] = await given[0]!.read(1, 60_000);
    await given[0]!.commit(
      incoming!.offset + 1n,
      targets.map((topic) => record(topic, 'a', `to ${topic}`)),
    );
    expect(await bus.lag(group, [source])).toMatchObject([{ committed: 1n, lag: 0n }]);
    const seen = await drain(bus, fixture.name('check'), targets, 2);
    expect(seen.map(textOf).toSorted()).toEqual(targets.map((topic) => `to ${topic}`).toSorted());
  });

  check('commits neither records nor offset when one record is refused', async (fixture) => {
    const bus = await fixture.open();
    const source = await fixture.topic(bus, 'in', 1);
    const target = await fixture.topic(bus, 'out', 1);
    const group = fixture.name('g');
    await bus.publish([record(source, 'a', 'x')]);
    const { given, options } = handOvers(group, [source]);
    await bus.consume(options);
    await until(() => given.length === 1);
    await given[0]!.read(1, 60_000);
    const tooBig = { topic: target, key: 'a', value: new Uint8Array(16 * 1024 * 1024) };
    const torn = given[0]!.commit(1n, [record(target, 'a', 'never'), tooBig]);
    await expect(torn).rejects.toMatchObject({ code: 'capacity' });
    expect(await bus.lag(group, [source])).toMatchObject([{ committed: 0n }]);
    await bus.publish([record(target, 'a', 'after')]);
    const seen = await drain(bus, fixture.name('check'), [target], 1);
    expect(seen.map(textOf)).toEqual(['after']);
  });

  check('hands the mark of the last commit over, beside its offset', async (fixture) => {
    const [bus, other] = [await fixture.open(), await fixture.open()];
    const source = await fixture.topic(bus, 'in', 1);
    const group = fixture.name('g');
    await bus.publish([record(source, 'a', 'x'), record(source, 'a', 'y')]);
    const first = handOvers(group, [source]);
    const consumption = await bus.consume(first.options);
    await until(() => first.given.length === 1);
    expect(first.given[0]!.start).toEqual({ offset: 0n, mark: '' });
    // While nothing is handled the offset stays, and the mark moves.
    await first.given[0]!.commit(0n, [], 'before');
    await first.given[0]!.read(1, 60_000);
    await first.given[0]!.commit(1n, [], 'm'.repeat(maxMarkBytes));
    const tooLong = first.given[0]!.commit(1n, [], 'm'.repeat(maxMarkBytes + 1));
    await expect(tooLong).rejects.toMatchObject({ code: 'invalid' });
    await consumption[Symbol.asyncDispose]();
    const second = handOvers(group, [source]);
    const later = await other.consume(second.options);
    await until(() => second.given.length === 1);
    expect(second.given[0]!.start).toEqual({ offset: 1n, mark: 'm'.repeat(maxMarkBytes) });
    await second.given[0]!.commit(1n, []);
    await later[Symbol.asyncDispose]();
    const third = handOvers(group, [source]);
    await bus.consume(third.options);
    await until(() => third.given.length === 1);
    expect(third.given[0]!.start).toEqual({ offset: 1n, mark: '' });
  });

  check('fences a former owner: no record of it appears, no offset moves', async (fixture) => {
    const [bus, other] = [await fixture.open(), await fixture.open()];
    const source = await fixture.topic(bus, 'in', 2);
    const target = await fixture.topic(bus, 'out', 1);
    const group = fixture.name('g');
    const keys = Array.from({ length: 16 }, (_, index) => `key-${index}`);
    await bus.publish(keys.map((key) => record(source, key, key)));
    const old = handOvers(group, [source]);
    await bus.consume(old.options);
    await until(() => old.given.length === 2);
    for (const partition of old.given) await partition.read(100, 60_000);
    const next = handOvers(group, [source]);
    await other.consume(next.options);
    await until(() => next.given.length === 1);
    const zombie = old.given.find((each) => each.partition === next.given[0]!.partition)!;
    const late = zombie.commit(1n, [record(target, 'a', 'from the grave')]);
    await expect(late).rejects.toMatchObject({ code: 'fenced' });
    expect(zombie.lost.aborted).toBe(true);
    expect(await zombie.read(10, 0)).toEqual([]);
    await next.given[0]!.commit(1n, [record(target, 'a', 'from the owner')]);
    const seen = await drain(bus, fixture.name('check'), [target], 1);
    expect(seen.map(textOf)).toEqual(['from the owner']);
  });

  check('fences the work of an earlier hand-over to the same member', async (fixture) => {
    const bus = await fixture.open();
    const source = await fixture.topic(bus, 'in', 1);
    const partitions: OwnedPartition[] = [];
    const { options } = handOvers(fixture.name('g'), [source]);
    await bus.publish([record(source, 'a', 'x')]);
    await bus.consume({
      ...options,
      onPartition: async (partition) => {
        partitions.push(partition);
        if (partitions.length === 1) throw new Error('first attempt');
        await options.onPartition(partition);
      },
    });
    await until(() => partitions.length === 2);
    await expect(partitions[0]!.commit(1n, [])).rejects.toMatchObject({ code: 'fenced' });
    await expect(partitions[1]!.commit(1n, [])).resolves.toBeUndefined();
  });
}
