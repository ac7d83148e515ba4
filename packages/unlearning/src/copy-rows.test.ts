import { expect, it } from 'vitest';
import { copyRows } from './copy-rows.ts';

it('copies rows in the order asked for, more than once if so, and no farther', () => {
  const into = new Float32Array(8).fill(-1);
  copyRows(into, Float32Array.of(1, 2, 3, 4, 5, 6), [2, 0, 2], 2);
  expect([...into]).toEqual([5, 6, 1, 2, 5, 6, -1, -1]);
});
