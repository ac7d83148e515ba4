import { describe, expect, it } from 'vitest';
import { startOffset } from './start-offset.ts';

const place = { group: 'g', topic: 't', partition: 3 };
const start = (committed: bigint, low: bigint, high: bigint) =>
  startOffset(place, { committed, low, high });

describe('startOffset', () => {
  it('goes on at the committed offset', () => {
    expect(start(7n, 0n, 10n)).toBe(7n);
    expect(start(10n, 10n, 10n)).toBe(10n);
  });

  it('begins at the oldest record for a group that never committed', () => {
    expect(start(-1n, 4n, 10n)).toBe(4n);
  });

  it.each([
    ['records that were removed unread', 3n, 4n, 10n, /records 3–3 were removed before group g/],
    ['a log that ends before it', 11n, 0n, 10n, /read up to 11, but the log ends at 10/],
    ['a position that kafkajs has reset', -2n, 4n, 10n, /out of the log's range 4–10/],
  ] as const)('refuses to skip: %s', (_, committed, low, high, message) => {
    expect(() => start(committed, low, high)).toThrow(message);
    expect(() => start(committed, low, high)).toThrow(
      expect.objectContaining({ code: 'corrupt', message: expect.stringContaining('t:3') }),
    );
  });
});
