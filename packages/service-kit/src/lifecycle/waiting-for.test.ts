import { expect, it } from 'vitest';
import { waitingFor } from './waiting-for.ts';

it('says what is waited for, and for how long by now', () => {
  let nowMs = 5_000;
  const readiness = waitingFor('the message bus kafka:a:9092', () => nowMs);
  nowMs += 12_400;
  expect(readiness()).toEqual({
    kind: 'not-ready',
    reason: 'waiting for the message bus kafka:a:9092 for 12 s',
  });
});
