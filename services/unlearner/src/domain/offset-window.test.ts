import type { OutgoingRecord } from '@lethe/bus';
import { expect, test } from 'vitest';
import { OffsetWindow } from './offset-window.ts';

function letter(key: string): OutgoingRecord {
  return { topic: 't.dlq', key, value: new Uint8Array() };
}

test('the offset moves to the lowest record that is not finished', () => {
  const window = new OffsetWindow();
  for (const offset of [5n, 6n, 9n]) window.add(offset);
  window.finish(6n);
  expect(window.canAdvance).toBe(false);
  expect(window.advance()).toBeUndefined();
  expect(window.watermark).toBe(5n);
  window.finish(5n);
  expect(window.advance()).toEqual({ nextOffset: 7n, records: [] });
});

test('a dead letter leaves with the transaction that passes its record, and only once', () => {
  const window = new OffsetWindow();
  for (const offset of [0n, 1n, 2n]) window.add(offset);
  window.finish(1n, letter('bad'));
  expect(window.advance()).toBeUndefined();
  window.finish(0n);
  expect(window.advance()).toEqual({ nextOffset: 2n, records: [letter('bad')] });
  // Not confirmed yet: the same again.
  expect(window.advance()).toEqual({ nextOffset: 2n, records: [letter('bad')] });
  window.committed(2n);
  expect(window.advance()).toBeUndefined();
  window.finish(2n);
  expect(window.advance()).toEqual({ nextOffset: 3n, records: [] });
});

test('what finishes while a transaction is under way is not lost', () => {
  const window = new OffsetWindow();
  window.add(0n);
  window.add(1n);
  window.finish(0n);
  const first = window.advance();
  window.finish(1n, letter('late'));
  window.committed(first?.nextOffset ?? 0n);
  expect(window.size).toBe(1);
  expect(window.advance()).toEqual({ nextOffset: 2n, records: [letter('late')] });
});

test('finishing an unknown record, or one twice, changes nothing', () => {
  const window = new OffsetWindow();
  window.add(0n);
  window.finish(7n);
  window.finish(0n, letter('first'));
  window.finish(0n);
  expect(window.advance()?.records).toEqual([letter('first')]);
});

test('size counts what is not committed, however many records went through', () => {
  const window = new OffsetWindow();
  for (let offset = 0n; offset < 5000n; offset++) {
    window.add(offset);
    window.finish(offset);
    window.committed(window.advance()?.nextOffset ?? 0n);
  }
  window.add(5000n);
  expect(window.size).toBe(1);
  expect(window.watermark).toBe(5000n);
});
