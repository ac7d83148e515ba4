import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { metricTable } from './metric-table.ts';

const root = new URL('../../../', import.meta.url).pathname;

it('names no metric that nobody records', async () => {
  const texts: string[] = [];
  for (const folder of ['packages', 'services', 'apps']) {
    const files = await readdir(join(root, folder), { recursive: true });
    const sources = files.filter(
      (file) => /\/src\/.*\.ts$/.test(file) && !/\.test\.ts$|metric-table\.ts$|\/gen\//.test(file),
    );
    for (const file of sources) {
      if (!file.includes('node_modules'))
        texts.push(await readFile(join(root, folder, file), 'utf8'));
    }
  }
  const source = texts.join('\n');
  for (const name of Object.keys(metricTable)) {
    expect([name, source.includes(`'${name}'`)]).toEqual([name, true]);
  }
});
