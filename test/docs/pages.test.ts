import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { referencePages } from '../../scripts/docs/reference-pages.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const pages = globSync(
  ['*.md', 'docs/**/*.md', '{examples,deploy,services,packages,apps}/**/*.md'],
  {
    cwd: root,
    exclude: (name) => name === 'node_modules',
  },
).sort();

/** Text without code, in which brackets are no links. */
const prose = (text: string) =>
  text.replaceAll(/^```[\s\S]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, '``');

/** GitHub's anchors: lower case, punctuation dropped, blanks to hyphens, repetitions numbered. */
function anchorsOf(page: string): ReadonlySet<string> {
  const seen = new Map<string, number>();
  const anchors = new Set<string>();
  const text = readFileSync(join(root, page), 'utf8').replaceAll(/^```[\s\S]*?^```/gm, '');
  for (const [, heading = ''] of text.matchAll(/^#{1,6} +(.+)$/gm)) {
    const words = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim();
    const slug = words.replaceAll(/\s/g, '-');
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    anchors.add(times === 0 ? slug : `${slug}-${times}`);
  }
  return anchors;
}

describe('the docs', () => {
  it('link to files and headings that are there', () => {
    const broken: string[] = [];
    for (const page of pages) {
      const text = prose(readFileSync(join(root, page), 'utf8'));
      for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:/.test(target)) continue;
        const [path = '', anchor] = target.split('#');
        const file = path === '' ? page : join(dirname(page), path);
        const isThere = existsSync(join(root, file));
        const hasAnchor =
          anchor === undefined || (isThere && file.endsWith('.md') && anchorsOf(file).has(anchor));
        if (!isThere || !hasAnchor) broken.push(`${page}: ${target}`);
      }
    }
    expect(broken).toEqual([]);
  });

  it('name pages and examples that are there', () => {
    const broken: string[] = [];
    for (const page of pages) {
      const text = readFileSync(join(root, page), 'utf8');
      for (const [, path = ''] of text.matchAll(
        /`((?:docs|examples|bench|scripts|deploy|proto)\/[\w./-]+\.\w+)`/g,
      )) {
        if (!existsSync(join(root, path))) broken.push(`${page}: ${path}`);
      }
    }
    expect(broken).toEqual([]);
  });

  it('name scripts of npm that are there', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const broken: string[] = [];
    for (const page of pages) {
      const text = readFileSync(join(root, page), 'utf8');
      for (const [, name = ''] of text.matchAll(/\bnpm run (?:-s )?([a-z][\w:-]*)/g)) {
        if (!(name in scripts)) broken.push(`${page}: npm run ${name}`);
      }
    }
    expect(broken).toEqual([]);
  });

  it.each(Object.entries(referencePages))(
    '%s is as the code says; if not: npm run generate:docs',
    (name, make) => {
      expect(readFileSync(join(root, 'docs', name), 'utf8')).toBe(make());
    },
  );
});
