import { mkdtemp, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ChangingFiles } from './changing-files.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lethe-files-'));
});
afterEach(() => rm(folder, { recursive: true }));

const joined = (...texts: readonly string[]) => ({ text: texts.join('+') });

test('gives the same object as long as nothing changes, and a new one after a change', async () => {
  const files = ['a', 'b'].map((name) => join(folder, name));
  for (const file of files) await writeFile(file, 'old');
  const changing = await ChangingFiles.read(files, joined, ['LETHE_A_FILE', 'LETHE_B_FILE']);
  const first = await changing.current();
  expect(first).toEqual({ text: 'old+old' });
  expect(await changing.current()).toBe(first);
  await writeFile(files[1] as string, 'new!');
  await expect.poll(() => changing.current()).toEqual({ text: 'old+new!' });
});

test('follows a link that is turned to another file, as secrets are mounted', async () => {
  const link = join(folder, 'secret');
  await writeFile(join(folder, 'one'), 'one');
  await writeFile(join(folder, 'two'), 'two');
  await symlink(join(folder, 'one'), link);
  const changing = await ChangingFiles.read([link], joined, ['LETHE_KEY_FILE']);
  await symlink(join(folder, 'two'), `${link}.new`);
  await rename(`${link}.new`, link);
  await expect.poll(() => changing.current()).toEqual({ text: 'two' });
});

test('keeps what it had while a file is gone or makes no sense', async () => {
  const file = join(folder, 'a');
  await writeFile(file, '1');
  const changing = await ChangingFiles.read([file], (text = '') => JSON.parse(text), [
    'LETHE_KEY_FILE',
  ]);
  await unlink(file);
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  expect(await changing.current()).toBe(1);
  await writeFile(file, '{ half');
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  expect(await changing.current()).toBe(1);
  await writeFile(file, '22');
  await expect.poll(() => changing.current()).toBe(22);
});

test('names a file that is not there at the beginning', async () => {
  const file = join(folder, 'missing');
  await expect(ChangingFiles.read([file], joined, ['LETHE_KEY_FILE'])).rejects.toThrow(
    /^LETHE_KEY_FILE = .*missing.*ENOENT.*mounted secret/,
  );
});
