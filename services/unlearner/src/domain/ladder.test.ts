import { LetheError } from '@lethe/contracts';
import { expect, test } from 'vitest';
import { type Ladder, maxBatchAt, parseLadder, rungAt } from './ladder.ts';

const ladder: Ladder = parseLadder(
  [
    { method: 'lethe' },
    { method: 'lethe', max_batch: 16 },
    { method: 'l2ul', settings: { steps: 3 } },
  ],
  'ladder',
);

test('a refused attempt moves one rung up, and after the last there is none', () => {
  expect(rungAt(ladder, 0)).toMatchObject({ kind: 'rung', step: 0, rung: { method: 'lethe' } });
  expect(rungAt(ladder, 2)).toMatchObject({ rung: { method: 'l2ul', settings: { steps: 3 } } });
  expect(rungAt(ladder, 3)).toEqual({ kind: 'exhausted' });
});

test('a rung lowers the cap of a batch and never raises it', () => {
  expect(maxBatchAt(ladder, 0, 64)).toBe(64);
  expect(maxBatchAt(ladder, 1, 64)).toBe(16);
  expect(maxBatchAt(ladder, 1, 8)).toBe(8);
});

test.each([
  ['no rung at all', [], 'ladder'],
  ['no list', { method: 'lethe' }, 'ladder'],
  ['a rung without a method', [{ method: 'lethe' }, {}], 'ladder[1].method'],
  ['a batch of none', [{ method: 'lethe', max_batch: 0 }], 'ladder[0].max_batch'],
  [
    'a setting that is no value',
    [{ method: 'lethe', settings: { lr: [1] } }],
    'ladder[0].settings.lr',
  ],
  ['a field nobody knows', [{ method: 'lethe', batch: 1 }], 'ladder[0].batch'],
])('%s is refused by name', (_, value, field) => {
  try {
    parseLadder(value, 'ladder');
    throw new Error('the ladder was accepted');
  } catch (error) {
    expect(error).toBeInstanceOf(LetheError);
    expect((error as LetheError).violations[0]?.field).toBe(field);
  }
});
