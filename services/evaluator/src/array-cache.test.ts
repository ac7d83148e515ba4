import { expect, test } from 'vitest';
import { ArrayCache } from './array-cache.ts';

test('what was used longest ago is dropped when the bound is reached', () => {
  const cache = new ArrayCache(3 * 40);
  for (const key of ['a', 'b', 'c']) cache.set(key, new Int32Array(10));
  cache.get('a');
  cache.set('d', new Int32Array(10));
  expect(['a', 'b', 'c', 'd'].map((key) => cache.get(key) !== undefined)).toEqual([
    true,
    false,
    true,
    true,
  ]);
  expect(cache.sizeBytes).toBe(120);
});

test('replacing an entry does not count it twice', () => {
  const cache = new ArrayCache(100);
  cache.set('a', new Int32Array(10));
  cache.set('a', new Int32Array(20));
  expect(cache.sizeBytes).toBe(80);
});

test('an entry beyond the bound is not kept', () => {
  const cache = new ArrayCache(10);
  cache.set('big', new Int32Array(10));
  expect(cache.get('big')).toBeUndefined();
  expect(cache.sizeBytes).toBe(0);
});
