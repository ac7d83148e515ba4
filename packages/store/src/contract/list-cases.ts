import { expect } from 'vitest';
import { type Check, keysOf, write } from './fixture.ts';

/** In the order of their code units: "-" before "." before "/" before digits and letters. */
const keys = [
  'a',
  'a-b',
  'a-b/c',
  'a.b',
  'a/b',
  'a/b-c',
  'a/b/c',
  'a0',
  'aA',
  'a_b',
  'aa/b',
  'b/0000000001.json',
  'b/0000000002.json',
  'b/0000000010.json',
];

export function listCases(check: Check): void {
  check('lists keys in the order of their code units', async ({ store, other }) => {
    for (const key of keys.toReversed()) await write(store, key, key);
    expect(keys.toSorted()).toEqual(keys);
    expect(await keysOf(other, '')).toEqual(keys);
  });

  check('lists by any prefix, and after any key', async ({ store }) => {
    for (const key of keys) await write(store, key, key);
    for (const prefix of ['', 'a', 'a/', 'a/b', 'a-', 'a/b/', 'b/', 'b/00', 'b/0000000010.json']) {
      for (const after of ['', ...keys, 'a/', 'a/~', 'b/0000000001.json0', 'zzz', 'A']) {
        expect(await keysOf(store, prefix, { after })).toEqual(
          keys.filter((key) => key.startsWith(prefix) && key > after),
        );
      }
    }
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
