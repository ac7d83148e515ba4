import { describe, expect, it } from 'vitest';
import { Random } from '../random.ts';
import { decodeRows, encodeRows } from './row-list.ts';

describe('a row list', () => {
  it.each([
    [[], 0],
    [[0], 1],
    [[0, 1, 2, 3], 4],
    [[127], 1],
    [[128], 2],
    [[4_294_967_295], 5],
    [[5, 133, 134, 16_518], 4 + 2 - 1],
  ])('holds %j in %i bytes', (rows, sizeBytes) => {
    const bytes = encodeRows(rows);
    expect(bytes.length).toBe(sizeBytes);
    expect([...decodeRows(bytes)]).toEqual(rows);
  });

  it('gives back any ascending rows', () => {
    const random = new Random(1);
    for (let round = 0; round < 50; round++) {
      const rows = new Set<number>();
      const range = 2 ** (1 + random.below(32));
      for (let i = 0; i < 200; i++) rows.add(random.below(range));
      const ascending = [...rows].sort((a, b) => a - b);
      expect([...decodeRows(encodeRows(ascending))]).toEqual(ascending);
    }
  });
});
