import { expect, test } from 'vitest';
import { LetheError, shorten } from './errors.ts';

test('an invalid field is named with value and remedy', () => {
  const error = LetheError.invalid('mode', 'forget', 'is not a mode', 'Use untrain.');
  expect(error.code).toBe('invalid');
  expect(error.message).toBe('mode = "forget": is not a mode. Use untrain.');
  expect(error.violations).toHaveLength(1);
});

test('long values are cut to 80 characters', () => {
  expect(shorten('x'.repeat(81))).toHaveLength(80);
  expect(shorten('x'.repeat(80))).toBe('x'.repeat(80));
});

test.each([
  ['ENOSPC', 'capacity'],
  ['EROFS', 'precondition'],
  ['ENOENT', 'not_found'],
  ['ABORT_ERR', 'cancelled'],
  ['EWHATEVER', 'internal'],
])('a system error %s becomes %s, and stays the cause', (systemCode, code) => {
  const thrown = Object.assign(new Error('no'), { code: systemCode });
  const error = LetheError.from(thrown);
  expect(error.code).toBe(code);
  expect(error.cause).toBe(thrown);
});

test('a LetheError stays itself', () => {
  const error = new LetheError('fenced', 'gone');
  expect(LetheError.from(error)).toBe(error);
});
