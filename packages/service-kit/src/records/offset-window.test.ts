import { expect, test } from 'vitest';
import { OffsetWindow } from './offset-window.ts';

test('the offset moves to the lowest record that is not settled', () => {
  const window = new OffsetWindow();
  expect(window.watermark).toBeUndefined();
  expect(window.canAdvance).toBe(false);
  for (const offset of [5n, 6n, 9n]) window.add(offset);
  window.settle(6n);
  expect(window.canAdvance).toBe(false);
  expect(window.watermark).toBe(5n);
  window.settle(5n);
  expect(window.canAdvance).toBe(true);
  expect(window.watermark).toBe(9n);
  window.settle(9n);
  expect(window.watermark).toBe(10n);
});

test('what was committed is not committed again', () => {
  const window = new OffsetWindow();
  window.add(0n);
  window.settle(0n);
  window.committed(1n);
  expect(window.canAdvance).toBe(false);
  window.add(1n);
  expect(window.canAdvance).toBe(false);
});

test('what is settled while a transaction is under way moves the offset in the next one', () => {
  const window = new OffsetWindow();
  window.add(0n);
  window.add(1n);
  window.settle(0n);
  const first = window.watermark;
  window.settle(1n);
  window.committed(first!);
  expect(window.canAdvance).toBe(true);
  expect(window.watermark).toBe(2n);
});

test('settling an unknown record, or one twice, changes nothing', () => {
  const window = new OffsetWindow();
  window.add(0n);
  window.settle(7n);
  expect(window.watermark).toBe(0n);
  window.settle(0n);
  window.settle(0n);
  expect(window.watermark).toBe(1n);
});

test('nothing is kept of what was settled behind a record that takes its time', () => {
  const window = new OffsetWindow();
  window.add(0n);
  for (let offset = 1n; offset < 5000n; offset++) {
    window.add(offset);
    window.settle(offset);
  }
  expect(window.openCount).toBe(1);
  expect(window.watermark).toBe(0n);
  window.settle(0n);
  expect(window.watermark).toBe(5000n);
});
