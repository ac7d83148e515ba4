import { describe, expect, it } from 'vitest';
import { murmur2, partitionOf } from './murmur2.ts';

/** The vectors of Kafka's own UtilsTest. */
const vectors: readonly [string, number][] = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
];

describe('murmur2', () => {
  for (const [text, hash] of vectors) {
    it(`gives Kafka's value for ${JSON.stringify(text)}`, () => {
      expect(murmur2(new TextEncoder().encode(text))).toBe(hash);
    });
  }

  it('reads bytes from the middle of a buffer', () => {
    const padded = new TextEncoder().encode('xxabcxx').subarray(2, 5);
    expect(murmur2(padded)).toBe(479470107);
  });

  it('takes the hash without its sign bit as partition', () => {
    // 21: -973932308 & 0x7fffffff = 1173551340; modulo 8 = 4
    expect(partitionOf('21', 8)).toBe(4);
    expect(partitionOf('abc', 8)).toBe(479470107 % 8);
  });
});
