import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const bench = join(import.meta.dirname, '..', 'seed.ts');

it.each([
  ['a value', ['--row', 'x'], /--row = "x": is unknown\. Use one of cifar10-instances/],
  ['an option', ['--rows', 'x'], /Unknown option '--rows'/],
])('tells in a line that it does not know %s, and ends with 2', (_, argv, told) => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', bench, ...argv],
    { encoding: 'utf8' },
  );
  expect(stderr).toMatch(told);
  expect(stderr).not.toContain('at ');
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
});
