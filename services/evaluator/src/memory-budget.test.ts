import { expect, test } from 'vitest';
import { MemoryBudget } from './memory-budget.ts';

test('work waits until what runs has given enough back, in order', async () => {
  const budget = new MemoryBudget(100);
  const first = await budget.reserve(60);
  const order: string[] = [];
  const big = budget.reserve(80).then((held) => {
    order.push('big');
    return held;
  });
  const small = budget.reserve(10).then((held) => {
    order.push('small');
    return held;
  });
  await Promise.resolve();
  expect(order).toEqual([]);
  first[Symbol.dispose]();
  const held = [await big, await small];
  expect(order).toEqual(['big', 'small']);
  expect(budget.usedBytes).toBe(90);
  for (const each of held) each[Symbol.dispose]();
  expect(budget.usedBytes).toBe(0);
});

test('what needs more than the bound runs, alone', async () => {
  const budget = new MemoryBudget(100);
  using _ = await budget.reserve(1000);
  expect(budget.usedBytes).toBe(100);
});

test('who gives up waiting holds nothing, and lets the next one in', async () => {
  const budget = new MemoryBudget(100);
  const first = await budget.reserve(50);
  const abort = new AbortController();
  const given = budget.reserve(100, abort.signal);
  const next = budget.reserve(50);
  abort.abort(new Error('enough'));
  await expect(given).rejects.toThrow('enough');
  (await next)[Symbol.dispose]();
  first[Symbol.dispose]();
  expect(budget.usedBytes).toBe(0);
});
