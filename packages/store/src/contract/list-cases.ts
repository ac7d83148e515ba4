import { expect } from 'vitest';
import type { ObjectStore } from '../object-store.ts';
import { type Check, keysOf, write } from './fixture.ts';

/** In the order of their code units: "-" before "." before "/" before digits and letters. */
const keys = [
  'a',
  'a-b',
  'a-c/d',
  'a.b',
  'a0',
  'aA',
  'a_b',
  'aa/b',
  'b/0000000001.json',
  'b/0000000002.json',
  'b/0000000010.json',
  'c-d',
  'c/b',
  'c/b-c',
  'c/b.c/d',
  'c/bb/c',
  'c0/b',
];

/** Some of them are also the beginning of others, up to a slash. */
const nested = ['a', 'a-b', 'a-b/c', 'a.b', 'a/b', 'a/b-c', 'a/b/c', 'a0', 'aa/b'];

async function expectEveryRange(store: ObjectStore, all: readonly string[]): Promise<void> {
  const prefixes = [
    '',
    'a',
    'a/',
    'a/b',
    'a-',
    'a/b/',
    'b/',
    'b/00',
    'b/0000000010.json',
    'c/',
    'c/b',
  ];
  for (const prefix of prefixes) {
    for (const after of ['', ...all, 'a/', 'a/~', 'c/', 'c/~', 'b/0000000001.json0', 'zzz', 'A']) {
      expect(await keysOf(store, prefix, { after })).toEqual(
        all.filter((key) => key.startsWith(prefix) && key > after),
      );
    }
  }
}

export function listCases(check: Check): void {
  check('lists keys in the order of their code units', async ({ store, other }) => {
    for (const key of keys.toReversed()) await write(store, key, key);
    expect(keys.toSorted()).toEqual(keys);
    expect(await keysOf(other, '')).toEqual(keys);
  });

  check('lists by any prefix, and after any key', async ({ store }) => {
    for (const key of keys) await write(store, key, key);
    await expectEveryRange(store, keys);
  });

  check('lists keys below a key that is an object too', async ({ store }) => {
    for (const key of nested.toReversed()) await write(store, key, key);
    expect(nested.toSorted()).toEqual(nested);
    await expectEveryRange(store, nested);
  });

  check('lists more than fit into one answer, each once', async ({ store }) => {
    const many = Array.from({ length: 1203 }, (_, n) => `many/${String(n).padStart(10, '0')}.json`);
    for (let from = 0; from < many.length; from += 50) {
      await Promise.all(many.slice(from, from + 50).map((key) => write(store, key, 'x')));
    }
    expect(await keysOf(store, 'many/')).toEqual(many);
    expect(await keysOf(store, 'many/', { after: many[999] as string })).toEqual(many.slice(1000));
  });

  check('lists nothing where nothing is', async ({ store }) => {
    expect(await keysOf(store, '')).toEqual([]);
    expect(await keysOf(store, 'no/such/prefix')).toEqual([]);
  });

  check('tells size and time of what it lists', async ({ store }) => {
    const before = Date.now();
    await write(store, 'a/b', '12345');
    for await (const info of store.list('a/')) {
      expect(info.sizeBytes).toBe(5);
      // Clocks of servers differ; one that is a day off would break retention rules.
      expect(Math.abs(info.modifiedMs - before)).toBeLessThan(24 * 60 * 60 * 1000);
    }
  });

  check('orders long names among short ones', async ({ store }) => {
    const stem = 'n'.repeat(200);
    const long = [`${stem}-x`, `${stem}/x`, `${stem}0`, `${stem}0x/x`, `${stem}x`];
    for (const key of long) await write(store, key, '');
    expect(await keysOf(store, '')).toEqual(long.toSorted());
    expect(await keysOf(store, `${stem}0`)).toEqual([`${stem}0`, `${stem}0x/x`]);
    expect(await keysOf(store, stem, { after: `${stem}/x` })).toEqual(long.slice(2));
  });

  check('orders long names among their own beginnings', async ({ store }) => {
    const stem = 'n'.repeat(200);
    const long = [`${stem}`, `${stem}-x`, `${stem}/x`, `${stem}0`, `${stem}0/x`, `${stem}x`];
    for (const key of long) await write(store, key, '');
    expect(await keysOf(store, '')).toEqual(long.toSorted());
    expect(await keysOf(store, `${stem}0`)).toEqual([`${stem}0`, `${stem}0/x`]);
    expect(await keysOf(store, stem, { after: `${stem}/x` })).toEqual(long.slice(3));
  });

  check('stops early when the reader does', async ({ store }) => {
    for (const key of keys) await write(store, key, key);
    for await (const { key } of store.list('')) {
      expect(key).toBe('a');
      break;
    }
    expect(await keysOf(store, '')).toEqual(keys);
  });
}
