import { expect, it } from 'vitest';
import { collectGarbage } from './collect-garbage.ts';

it('lets go of what nothing holds any more', async () => {
  const gone = new WeakRef({ large: new Array(1_000_000).fill(0) });
  await new Promise((turn) => setImmediate(turn));
  await collectGarbage();
  expect(gone.deref()).toBeUndefined();
});
