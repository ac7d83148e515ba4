import { RoundProgress } from '@lethe/contracts';
import { expect, test } from 'vitest';
import { ProgressBoard } from './progress-board.ts';

function progress(modelKey: string, step: number): RoundProgress {
  return RoundProgress.fromPartial({ modelKey, step, phase: 'computing' });
}

test('a watcher gets the present state first, then the changes', async () => {
  const board = new ProgressBoard(60_000);
  const stop = new AbortController();
  board.publish(progress('a', 1));
  const watched = board.watch('a', stop.signal);
  expect((await watched.next()).value?.step).toBe(1);
  const next = watched.next();
  board.publish(progress('b', 9));
  board.publish(progress('a', 2));
  expect((await next).value?.step).toBe(2);
  const end = watched.next();
  stop.abort();
  expect((await end).done).toBe(true);
});

test('a slow watcher gets the newest of each model', async () => {
  const board = new ProgressBoard(60_000);
  const watched = board.watch('', new AbortController().signal);
  const first = watched.next();
  for (let step = 1; step <= 100; step++) {
    board.publish(progress('a', step));
    board.publish(progress('b', step));
  }
  const steps = [await first, await watched.next()].map(
    ({ value }) => `${value?.modelKey}${value?.step}`,
  );
  expect(steps).toEqual(['a100', 'b100']);
});

test('a model that is given up is no longer shown', async () => {
  const board = new ProgressBoard(60_000);
  board.publish(progress('a', 1));
  board.remove('a');
  expect(board.present('a')).toBeUndefined();
});
