import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildInCache, isWhole, readRecord } from '../../scripts/install/build-in-cache.ts';
import { temporaryFolder } from '../support/lethe-process.ts';

const say = () => {};
/** No process has it: ids end at 2^22. */
const deadProcess = 2 ** 22 + 1;

test('a build that fails leaves nothing behind', async () => {
  using folder = temporaryFolder();
  const target = join(folder.path, 'server-1');
  const build = buildInCache({
    target,
    say,
    async build(work) {
      writeFileSync(join(work, 'half'), '');
      throw new Error('network is down');
    },
  });
  await expect(build).rejects.toThrow('network is down');
  expect(readdirSync(folder.path)).toEqual([]);
});

test('of several at once one builds, and all find it whole', async () => {
  using folder = temporaryFolder();
  const target = join(folder.path, 'server-1');
  let builds = 0;
  const build = async (work: string) => {
    builds++;
    writeFileSync(join(work, 'program'), 'bytes');
    expect(isWhole(target)).toBe(false);
    return { builtWith: 'go' };
  };
  await Promise.all([1, 2, 3].map(() => buildInCache({ target, say, build })));
  expect(builds).toBe(1);
  expect(readFileSync(join(target, 'program'), 'utf8')).toBe('bytes');
  expect(readRecord(target)).toEqual({ builtWith: 'go' });
  expect(readdirSync(folder.path)).toEqual(['server-1']);
});

test('what a killed process left, its lock and half a folder, is in nobody’s way', async () => {
  using folder = temporaryFolder();
  const target = join(folder.path, 'server-1');
  writeFileSync(`${target}.lock`, String(deadProcess));
  mkdirSync(`${target}.building-${deadProcess}`);
  mkdirSync(target);
  expect(isWhole(target)).toBe(false);
  await buildInCache({ target, say, build: async () => ({}) });
  expect(isWhole(target)).toBe(true);
  expect(readdirSync(folder.path)).toEqual(['server-1']);
});

test('a forced build replaces what is there', async () => {
  using folder = temporaryFolder();
  const target = join(folder.path, 'server-1');
  const build = (version: number) => async (work: string) => {
    writeFileSync(join(work, `v${version}`), '');
    return { version };
  };
  await buildInCache({ target, say, build: build(1) });
  await buildInCache({ target, say, build: build(2), force: true });
  expect(readRecord(target)).toEqual({ version: 2 });
  expect(existsSync(join(target, 'v1'))).toBe(false);
});
