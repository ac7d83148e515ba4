import { LetheError } from '@lethe/contracts';
import { expect, test } from 'vitest';
import { whenReachable } from './when-reachable.ts';

const options = { signal: new AbortController().signal, onTrouble: () => {}, backoff: () => 1 };

test('what does not answer yet is asked again, and why is told', async () => {
  const told: string[] = [];
  let asked = 0;
  const opened = await whenReachable(
    async () => {
      asked += 1;
      if (asked < 3) throw new LetheError('unavailable', `nobody there ${asked}`);
      return 'open';
    },
    { ...options, onTrouble: ({ message }) => void told.push(message) },
  );
  expect(opened).toBe('open');
  expect(told).toEqual(['nobody there 1', 'nobody there 2']);
});

test('what waiting does not mend is thrown at once', async () => {
  let asked = 0;
  const opened = whenReachable(async () => {
    asked += 1;
    throw new LetheError('precondition', 'wrong password');
  }, options);
  await expect(opened).rejects.toMatchObject({ code: 'precondition' });
  expect(asked).toBe(1);
});

test('the wait ends with the program', async () => {
  const shutdown = new AbortController();
  const opened = whenReachable(
    async () => {
      throw new LetheError('unavailable', 'nobody there');
    },
    { ...options, backoff: () => 60_000, signal: shutdown.signal },
  );
  shutdown.abort();
  await expect(opened).rejects.toMatchObject({ code: 'cancelled' });
});
