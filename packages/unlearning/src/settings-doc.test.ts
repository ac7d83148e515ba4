import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { methods } from './methods/methods.ts';
import { rangeOf, type Setting } from './settings.ts';

const page = readFileSync(new URL('../../../docs/unlearning.md', import.meta.url), 'utf8');

/** One row of a table in docs/unlearning.md. */
function row(name: string, setting: Setting): string {
  const fallback =
    typeof setting.default === 'function' ? (setting.defaultText ?? '') : String(setting.default);
  return `| \`${name}\` | ${fallback} | ${rangeOf(setting)} | ${setting.doc} |`;
}

const documented = ['lethe', 'l2ul', 'ssd', 'finetune'].map(
  (name) => methods.find((each) => each.name === name)!,
);

it.each(documented)('docs/unlearning.md has every setting of $name as it is', (method) => {
  const start = page.indexOf(`### Settings of \`${method.name}\``);
  const section = page.slice(start, page.indexOf('\n##', start + 1));
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  expect(rows).toEqual(Object.entries(method.settings).map(([key, each]) => row(key, each)));
});

it('has nothing more to say about the ablations of l2ul', () => {
  const full = Object.entries(methods.find(({ name }) => name === 'l2ul')!.settings);
  for (const { name, settings } of methods.filter((each) => /adv|neggrad/.test(each.name))) {
    expect(full, name).toEqual(expect.arrayContaining(Object.entries(settings)));
  }
});
