import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { letheVersion } from './version.ts';

it('is the version of the packages', async () => {
  const file = new URL('../../../package.json', import.meta.url);
  expect(letheVersion).toBe(JSON.parse(await readFile(file, 'utf8')).version);
});
