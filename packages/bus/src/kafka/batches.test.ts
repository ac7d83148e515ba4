import { describe, expect, it } from 'vitest';
import { partitionOf } from '../murmur2.ts';
import { toBatches } from './batches.ts';

const record = (key: string, sizeBytes = 1, topic = 't') => ({
  topic,
  key,
  value: new Uint8Array(sizeBytes),
});
const batchesOf = (records: Parameters<typeof toBatches>[0]) =>
  toBatches(records, () => 8, 1024 * 1024);

describe('toBatches', () => {
  it('makes batches of one partition each, where murmur2 says, in order', () => {
    const keys = Array.from({ length: 50 }, (_, index) => `model-${index}`);
    const batches = batchesOf(keys.map((key) => record(key)));
    expect(batches).toHaveLength(new Set(keys.map((key) => partitionOf(key, 8))).size);
    for (const { partition, messages } of batches) {
      const own = keys.filter((key) => partitionOf(key, 8) === partition);
      expect(messages.map(({ key }) => key.toString())).toEqual(own);
      expect(messages.every((message) => message.partition === partition)).toBe(true);
    }
  });

  it('keeps topics apart', () => {
    const batches = batchesOf([record('a', 1, 'left'), record('a', 1, 'right')]);
    expect(batches.map(({ topic }) => topic)).toEqual(['left', 'right']);
  });

  it('cuts what is too much for one request, in order', () => {
    const batches = batchesOf(Array.from({ length: 10 }, () => record('a', 100_000)));
    expect(batches.length).toBeGreaterThan(1);
    expect(batches.flatMap(({ messages }) => messages)).toHaveLength(10);
  });

  it('lets a record of the full size travel alone, and refuses a larger one', () => {
    const full = 1024 * 1024 - 1;
    const batches = batchesOf([record('a'), record('a', full), record('a')]);
    expect(batches.map(({ messages }) => messages.length)).toEqual([1, 1, 1]);
    expect(() => batchesOf([record('a', full + 1)])).toThrow(
      expect.objectContaining({ code: 'capacity' }),
    );
  });

  it('counts headers and multi-byte keys', () => {
    const headers = { größe: 'ß'.repeat(600_000) };
    expect(() => batchesOf([{ ...record('a'), headers }])).toThrow(/at most 1048576/);
  });
});
