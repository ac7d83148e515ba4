import { chmod, mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDurable } from '@lethe/sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { drain, handOvers, record, textOf, until } from './contract/fixture.ts';
import { SqliteBus, type SqliteBusOptions } from './sqlite-bus.ts';

const retentionMs = 1_000;
let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lethe-bus-'));
  file = join(folder, 'bus.db');
});
afterEach(() => rm(folder, { recursive: true }));

async function openBus(options: Partial<SqliteBusOptions> = {}): Promise<SqliteBus> {
  const bus = await SqliteBus.open({ file, pollMs: 20, backoff: () => 1, ...options });
  await bus.ensureTopics([
    { name: 'in', partitions: 1, retentionMs },
    { name: 'out', partitions: 1, retentionMs },
  ]);
  return bus;
}

describe('group commit', () => {
  it('puts what is published in one turn into one transaction', async () => {
    let transactions = 0;
    await using bus = await openBus({ now: () => ++transactions });
    const texts = Array.from({ length: 50 }, (_, index) => String(index));
    await Promise.all(texts.map((text) => bus.publish([record('in', 'a', text)])));
    expect(transactions).toBe(1);
    const seen = await drain(bus, 'g', ['in'], 50);
    expect(seen.map(textOf)).toEqual(texts);
  });

  it('refuses one write of a transaction without its neighbours', async () => {
    await using bus = await openBus();
    await bus.publish([record('in', 'a', 'x')]);
    const { given, options } = handOvers('g', ['in']);
    await bus.consume(options);
    await until(() => given.length === 1);
    const outcomes = await Promise.allSettled([
      bus.publish([record('out', 'a', 'before')]),
      given[0]!.commit(7n, [record('out', 'a', 'never')]),
      bus.publish([record('out', 'a', 'after')]),
    ]);
    expect(outcomes.map((outcome) => outcome.status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect((outcomes[1] as PromiseRejectedResult).reason).toMatchObject({ code: 'invalid' });
    expect((await drain(bus, 'check', ['out'], 2)).map(textOf)).toEqual(['before', 'after']);
  });

  it('commits before it closes what was published before', async () => {
    const bus = await openBus();
    const publishing = bus.publish([record('in', 'a', 'x')]);
    await bus[Symbol.asyncDispose]();
    await publishing;
    await using again = await openBus();
    expect((await again.lag('g', ['in']))[0]?.end).toBe(1n);
    await expect(bus.publish([record('in', 'a', 'y')])).rejects.toThrow(/has been closed/);
  });
});

describe('limits', () => {
  it('refuses a record above the size limit, and says how to send it', async () => {
    await using bus = await openBus();
    const big = { topic: 'in', key: 'a', value: new Uint8Array(1024 * 1024) };
    const publishing = bus.publish([big]);
    await expect(publishing).rejects.toMatchObject({ code: 'capacity' });
    await expect(publishing).rejects.toThrow(/1048577 bytes; the limit is 1048576.*object store/);
  });

  it('refuses more records or bytes than one transaction may have', async () => {
    await using bus = await openBus();
    const tiny = record('in', 'a', 'x');
    const many = bus.publish(Array.from({ length: 10_001 }, () => tiny));
    await expect(many).rejects.toMatchObject({ code: 'capacity' });
    await expect(many).rejects.toThrow(/10001 records.*at most 10000/);
    const wide = { topic: 'in', key: 'a', value: new Uint8Array(1_000_000) };
    const heavy = bus.publish(Array.from({ length: 68 }, () => wide));
    await expect(heavy).rejects.toMatchObject({ code: 'capacity' });
    expect((await bus.lag('g', ['in']))[0]?.end).toBe(0n);
  });
});

describe('fencing between processes', () => {
  it('refuses the commit of an owner that was held for dead and never heard of it', async () => {
    let nowMs = 1_000_000;
    const now = () => nowMs;
    // A stopped process: it neither polls nor shows signs of life.
    await using stopped = await openBus({ now, pollMs: 3_600_000 });
    await using successor = await openBus({ now });
    await stopped.publish([record('in', 'a', 'x')]);
    const old = handOvers('g', ['in']);
    await stopped.consume(old.options);
    await until(() => old.given.length === 1);
    await old.given[0]!.read(1, 0);
    nowMs += 10_001;
    const next = handOvers('g', ['in']);
    await successor.consume(next.options);
    await until(() => next.given.length === 1);
    expect(old.given[0]!.lost.aborted).toBe(false);
    const late = old.given[0]!.commit(1n, [record('out', 'a', 'from the grave')]);
    await expect(late).rejects.toMatchObject({ code: 'fenced' });
    expect(old.given[0]!.lost.aborted).toBe(true);
    const ends = await successor.lag('g', ['in', 'out']);
    expect(ends).toMatchObject([{ committed: 0n }, { end: 0n }]);
  });

  it('refuses the commit of an owner whose partition went away and came back unseen', async () => {
    await using stopped = await openBus({ pollMs: 3_600_000 });
    await using visitor = await openBus();
    await visitor.ensureTopics([{ name: 'two', partitions: 2, retentionMs }]);
    const old = handOvers('g', ['two']);
    await stopped.consume(old.options);
    await until(() => old.given.length === 2);
    const next = handOvers('g', ['two']);
    const visit = await visitor.consume(next.options);
    await until(() => next.given.length === 1);
    await visit[Symbol.asyncDispose]();
    // The stopped member owns it again by name; its right was lost in between all the same.
    const { partition } = next.given[0]!;
    const stale = old.given.find((each) => each.partition === partition)!;
    expect(stale.lost.aborted).toBe(false);
    await expect(stale.commit(0n, [])).rejects.toMatchObject({ code: 'fenced' });
    const kept = old.given.find((each) => each.partition !== partition)!;
    await expect(kept.commit(0n, [])).resolves.toBeUndefined();
  });

  it('lets an owner that was held for dead come back', async () => {
    let nowMs = 1_000_000;
    await using sleeper = await openBus({ now: () => nowMs, sessionTimeoutMs: 60 });
    await using other = await openBus({ now: () => nowMs, sessionTimeoutMs: 60 });
    await other.ensureTopics([{ name: 'two', partitions: 2, retentionMs }]);
    const first = await sleeper.consume(handOvers('g', ['two']).options);
    // The clock leaps: whoever looks first holds everybody else for dead.
    nowMs += 1_000;
    const second = await other.consume(handOvers('g', ['two']).options);
    await until(() => first.owned().length === 1 && second.owned().length === 1);
  });
});

it('takes nobody for dead who was held up together with it', async () => {
  await using one = await openBus({ sessionTimeoutMs: 300 });
  await using two = await openBus({ sessionTimeoutMs: 300 });
  await one.ensureTopics([{ name: 'two', partitions: 2, retentionMs }]);
  const [first, second] = [handOvers('g', ['two']), handOvers('g', ['two'])];
  const staying = await one.consume(first.options);
  const joining = await two.consume(second.options);
  await until(() => staying.owned().length === 1 && second.given.length === 1);
  const kept = [...first.given, ...second.given].filter(({ lost }) => !lost.aborted);
  // The machine sleeps, and both with it; then they look around again.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect(kept.map(({ lost }) => lost.aborted)).toEqual([false, false]);
  expect([staying.owned(), joining.owned()].map(({ length }) => length)).toEqual([1, 1]);
});

describe('retention', () => {
  async function expired(options: { committed: bigint }) {
    let nowMs = 1_000_000;
    const bus = await openBus({ now: () => nowMs });
    for (const text of ['0', '1', '2']) await bus.publish([record('in', 'a', text)]);
    const { given, options: consuming } = handOvers('g', ['in']);
    const consumption = await bus.consume(consuming);
    await until(() => given.length === 1);
    await given[0]!.commit(options.committed, []);
    await consumption[Symbol.asyncDispose]();
    nowMs += retentionMs + 1;
    return bus;
  }

  it('removes old records up to the lowest committed offset', async () => {
    await using bus = await expired({ committed: 2n });
    expect(await bus.applyRetention()).toBe(2);
    expect(await bus.lag('g', ['in'])).toMatchObject([{ committed: 2n, end: 3n, lag: 1n }]);
    expect(await bus.lag('late', ['in'])).toMatchObject([{ committed: 2n, end: 3n, lag: 1n }]);
    expect((await drain(bus, 'late', ['in'], 1)).map((each) => each.offset)).toEqual([2n]);
  });

  it('removes unread records only when asked to, and keeps counting offsets', async () => {
    await using bus = await expired({ committed: 1n });
    expect(await bus.applyRetention()).toBe(1);
    expect(await bus.applyRetention({ evenUnread: true })).toBe(2);
    expect(await bus.lag('g', ['in'])).toMatchObject([{ committed: 3n, end: 3n, lag: 0n }]);
    await bus.publish([record('in', 'a', 'next')]);
    const [next] = await drain(bus, 'g', ['in'], 1);
    expect([next?.offset, next && textOf(next)]).toEqual([3n, 'next']);
  });

  it('keeps what is young, and removes more than one step of what is old', async () => {
    let nowMs = 1_000_000;
    await using bus = await openBus({ now: () => nowMs });
    await bus.publish(Array.from({ length: 2_500 }, () => record('in', 'a', 'old')));
    nowMs += retentionMs + 1;
    await bus.publish([record('in', 'a', 'young')]);
    expect(await bus.applyRetention()).toBe(2_500);
    expect((await drain(bus, 'g', ['in'], 1)).map(textOf)).toEqual(['young']);
  });

  it('runs by itself', async () => {
    let nowMs = 1_000_000;
    await using bus = await openBus({ now: () => nowMs, retentionEveryMs: 5 });
    await bus.publish([record('in', 'a', 'old')]);
    nowMs += retentionMs + 1;
    await until(async () => (await bus.lag('new', ['in']))[0]?.lag === 0n);
  });
});

describe('bad files', () => {
  const opening = () => SqliteBus.open({ file });

  it('names a folder that does not exist', async () => {
    file = join(folder, 'missing', 'bus.db');
    await expect(opening()).rejects.toMatchObject({ code: 'precondition' });
    await expect(opening()).rejects.toThrow(/missing\/bus\.db cannot be opened/);
  });

  it('names a folder in which it may not write', async () => {
    const locked = join(folder, 'locked');
    await mkdir(locked);
    file = join(locked, 'bus.db');
    await chmod(folder, 0o755);
    await chmod(locked, 0o555);
    await asOrdinaryUser(async () => {
      await expect(opening()).rejects.toMatchObject({ code: 'precondition' });
      await expect(opening()).rejects.toThrow(/Check that its folder exists and that this user/);
    });
  });

  it('refuses to publish into a file that has become read-only', async () => {
    const bus = await openBus();
    await bus[Symbol.asyncDispose]();
    await chmod(folder, 0o755);
    await chmod(file, 0o444);
    await asOrdinaryUser(async () => {
      await expect(opening()).rejects.toMatchObject({ code: 'precondition' });
    });
  });

  it('refuses bytes that are not a database', async () => {
    await writeFile(file, 'this is a text file, and a long one at that '.repeat(50));
    await expect(opening()).rejects.toMatchObject({ code: 'corrupt' });
    await expect(opening()).rejects.toThrow(/bus\.db is not a SQLite file/);
  });

  it('reports a damaged file to the reader', async () => {
    {
      await using bus = await openBus();
      const value = new Uint8Array(10_000);
      await bus.publish(Array.from({ length: 50 }, () => ({ topic: 'in', key: 'a', value })));
    }
    const handle = await open(file, 'r+');
    const { size } = await handle.stat();
    for (let page = 12; page < size / 4096; page++) {
      await handle.write(Buffer.alloc(4096, 0xab), 0, 4096, page * 4096);
    }
    await handle.close();
    await using bus = await openBus();
    const { given, options } = handOvers('g', ['in']);
    await bus.consume(options);
    await until(() => given.length === 1);
    const reading = given[0]!.read(50, 0);
    await expect(reading).rejects.toMatchObject({ code: 'corrupt' });
    await expect(reading).rejects.toThrow(/is damaged\. Restore it from a backup/);
  });

  it('opens a log of version 1, which knew no marks, and goes on where its groups were', async () => {
    {
      await using bus = await openBus();
      await bus.publish([{ topic: 'in', key: 'a', value: new Uint8Array(1) }]);
      const { given, options } = handOvers('g', ['in']);
      await bus.consume(options);
      await until(() => given.length === 1);
      await given[0]!.commit(1n, []);
    }
    const db = openDurable(file);
    db.exec('ALTER TABLE cursor DROP COLUMN mark');
    db.exec('PRAGMA user_version = 1');
    db.close();
    await using bus = await openBus();
    const { given, options } = handOvers('g', ['in']);
    await bus.consume(options);
    await until(() => given.length === 1);
    expect(given[0]!.start).toEqual({ offset: 1n, mark: '' });
    await given[0]!.commit(1n, [], 'now it does');
  });

  it('refuses a log of a newer version, and changes nothing in it', async () => {
    await (await openBus())[Symbol.asyncDispose]();
    const db = openDurable(file);
    db.exec('PRAGMA user_version = 99');
    await expect(opening()).rejects.toMatchObject({ code: 'precondition' });
    await expect(opening()).rejects.toThrow(/schema version 99; this Lethe knows versions up to 2/);
    expect(db.prepare('PRAGMA user_version').get()).toEqual({ user_version: 99 });
    db.close();
  });

  it('refuses the database of another program', async () => {
    const db = openDurable(file);
    db.exec('CREATE TABLE theirs (x)');
    db.close();
    await expect(opening()).rejects.toMatchObject({ code: 'precondition' });
    await expect(opening()).rejects.toThrow(/is a SQLite database of something else/);
  });

  it('says that the disk is full, tears nothing, and goes on when there is room', async () => {
    const value = new Uint8Array(100_000);
    const batch = Array.from({ length: 5 }, () => ({ topic: 'in', key: 'a', value }));
    let accepted = 0n;
    {
      await using bus = await openBus({ maxFileBytes: 2_000_000 });
      const filling = async () => {
        for (;;) {
          await bus.publish(batch);
          accepted += 5n;
        }
      };
      await expect(filling()).rejects.toMatchObject({ code: 'capacity' });
      expect((await bus.lag('g', ['in']))[0]?.end).toBe(accepted);
    }
    expect(accepted).toBeGreaterThan(0n);
    await using roomy = await openBus();
    await roomy.publish(batch);
    expect((await roomy.lag('g', ['in']))[0]?.end).toBe(accepted + 5n);
  });
});

/** The superuser may write everywhere: such a test runs as nobody then. */
async function asOrdinaryUser(test: () => Promise<void>): Promise<void> {
  const nobody = 65_534;
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(nobody);
  try {
    await test();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}
