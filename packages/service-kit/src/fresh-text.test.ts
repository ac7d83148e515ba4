import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { freshText } from './fresh-text.ts';

const setting = { env: 'LETHE_X_FILE', help: 'File with x.' };
const notEmpty = (text: string) => (text === '' ? 'is empty' : undefined);
let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lethe-fresh-'));
  file = join(folder, 'x');
});
afterEach(() => rmSync(folder, { recursive: true }));

it('reads a file anew each time, and keeps the last text that makes sense', () => {
  writeFileSync(file, 'one');
  const text = freshText(setting, file, notEmpty);
  writeFileSync(file, 'two');
  expect(text()).toBe('two');
  writeFileSync(file, '');
  expect(text()).toBe('two');
  rmSync(file);
  expect(text()).toBe('two');
  writeFileSync(file, 'three');
  expect(text()).toBe('three');
});

it('names setting, file and remedy of a file that is wrong from the start', () => {
  expect(() => freshText(setting, file, notEmpty)).toThrow(/LETHE_X_FILE.*ENOENT.*File with x/);
  writeFileSync(file, '');
  expect(() => freshText(setting, file, notEmpty)).toThrow(/LETHE_X_FILE.*is empty/);
});
