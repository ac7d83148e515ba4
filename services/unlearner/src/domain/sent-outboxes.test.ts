import { maxMarkBytes } from '@lethe/bus';
import { sha256 } from '@lethe/contracts';
import { expect, test } from 'vitest';
import { SentOutboxes } from './sent-outboxes.ts';

const [first, second] = [sha256('first'), sha256('second')];

test('is read again as it was written', () => {
  const sent = SentOutboxes.none.with('a', first).with('b', second);
  const read = SentOutboxes.parse(String(sent));
  expect([read.has('a', first), read.has('b', second)]).toEqual([true, true]);
  expect([read.has('a', second), read.has('c', first)]).toEqual([false, false]);
});

test('knows the last manifest of a model only', () => {
  const sent = SentOutboxes.none.with('a', first).with('a', second);
  expect([sent.has('a', first), sent.has('a', second)]).toEqual([false, true]);
});

test('takes what others wrote beside the offset for nothing', () => {
  for (const mark of ['', 'operator was here', 'out1:short', `out2:${'a'.repeat(16)}`]) {
    expect(String(SentOutboxes.parse(mark))).toBe('out1:');
  }
});

test('fits beside an offset however many models there are, and forgets the least recent', () => {
  let sent = SentOutboxes.none;
  for (let model = 0; model < 1_000; model++) sent = sent.with(`model-${model % 300}`, first);
  expect(String(sent).length).toBeLessThanOrEqual(maxMarkBytes);
  // The last one was 99: so 100 … 144 are the least recent of 300.
  expect([sent.has('model-99', first), sent.has('model-145', first)]).toEqual([true, true]);
  expect([sent.has('model-100', first), sent.has('model-144', first)]).toEqual([false, false]);
});
