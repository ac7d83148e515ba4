import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { busSettings } from './bus-settings.ts';
import { configMarkdown } from './config-help.ts';

it('docs/kafka.md holds the table of settings as it is', async () => {
  const page = await readFile(new URL('../../../../docs/kafka.md', import.meta.url), 'utf8');
  expect(page).toContain(configMarkdown(busSettings));
});
