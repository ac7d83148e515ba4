/**
 * Writes the reference pages that are made from code: docs/api.md, docs/configuration.md, docs/cli.md.
 * A test says when they are not current.
 */
import { writeFileSync } from 'node:fs';
import { referencePages } from './docs/reference-pages.ts';

for (const [name, make] of Object.entries(referencePages)) {
  writeFileSync(new URL(`../docs/${name}`, import.meta.url), make());
}
