import { expect, it } from 'vitest';
import { commitCandidate, openRegistryHome, type RegistryHome } from '../testing/registry-home.ts';
import { registryParts } from '../testing/registry-parts.ts';

/** What a watcher that knows a generation is told at first: so many moves. */
async function told(
  { board }: ReturnType<typeof registryParts>,
  afterGeneration: number,
  count: number,
): Promise<number[]> {
  const ended = new AbortController();
  const seen: number[] = [];
  for await (const { generation } of board.watch('m1', afterGeneration, ended.signal)) {
    if (seen.push(generation) === count) ended.abort();
  }
  return seen;
}

async function threeMoves(home: RegistryHome) {
  const parts = registryParts(home);
  for (const sequence of [1, 2, 3]) await parts.settle({ sequence, parent: sequence - 1 });
  return parts;
}

it('a watcher goes on from its position: it is told every move that it missed, in order', async () => {
  await using home = await openRegistryHome();
  const parts = await threeMoves(home);
  expect(await told(parts, 1, 3)).toEqual([2, 3, 4]);
  expect(await told(parts, 3, 1)).toEqual([4]);
  expect(await told(parts, 0, 1)).toEqual([4]);
});

it('a watcher that knows the present is told the next move at once, by no clock', async () => {
  await using home = await openRegistryHome();
  const parts = await threeMoves(home);
  const next = told(parts, 4, 1);
  await parts.promoter.settle(await commitCandidate(home, { sequence: 4, parent: 3 }));
  expect(await next).toEqual([5]);
});
