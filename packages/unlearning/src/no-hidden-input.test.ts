import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const folder = new URL('.', import.meta.url);
const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && !file.endsWith('.test.ts'),
);

/** What would make a round depend on something that is not in its input. */
const hidden =
  /\bMath\.random\b|\bDate\b|\bperformance\b|\bprocess\.|\bcrypto\b|from 'node:|tf\.(random|truncatedNormal|multinomial)/;

it.each(sources)('%s takes chance and time from its arguments only', (file) => {
  const lines = readFileSync(new URL(file, folder), 'utf8').split('\n');
  expect(lines.filter((line) => hidden.test(line))).toEqual([]);
});

it('scans the engine', () => {
  expect(sources).toContain('methods/lethe/lethe.ts');
});
