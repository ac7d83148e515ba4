import { RoundProgress } from '@lethe/contracts';
import { stuckWork } from '@lethe/service-kit';
import { expect, test } from 'vitest';
import { ProgressBoard } from './progress-board.ts';

function progress(modelKey: string, step: number, phase = 'computing'): RoundProgress {
  return RoundProgress.fromPartial({ modelKey, step, phase });
}

test('a watcher gets the present state first, then the changes', async () => {
  using board = new ProgressBoard(60_000);
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
  using board = new ProgressBoard(60_000);
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
  using board = new ProgressBoard(60_000);
  board.publish(progress('a', 1));
  board.remove('a');
  expect(board.present('a')).toBeUndefined();
});

test('a process whose rounds have not moved for its limit is stuck, one without work never', () => {
  const inAnHour = () => stuckWork(performance.now() + 3_600_000);
  {
    using board = new ProgressBoard(3_600_000);
    expect(inAnHour()).toBeUndefined();
    board.publish(progress('a', 1));
    expect(inAnHour()).toMatch(/^computing rounds does not get on: nothing has moved for 3600 s/);
    board.publish(progress('a', 1, 'awaiting-decision'));
    expect(inAnHour()).toBeUndefined();
    board.publish(progress('a', 2));
    board.remove('a');
    expect(inAnHour()).toBeUndefined();
    board.publish(progress('a', 3));
    expect(inAnHour()).toBeDefined();
  }
  expect(inAnHour()).toBeUndefined();
});

test('a round that says it gets on is not stuck', async () => {
  using board = new ProgressBoard(3_600_000);
  board.publish(progress('a', 1));
  const limitMs = performance.now() + 3_600_000;
  await new Promise((resolve) => setTimeout(resolve, 2));
  expect(stuckWork(limitMs)).toBeDefined();
  board.publish(progress('a', 2));
  expect(stuckWork(limitMs)).toBeUndefined();
});
