import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultPolicy, policyDigest, readPolicy } from '@lethe/gate';
import { afterAll, expect, test } from 'vitest';
import { runMain } from '../testing/run-main.ts';

const folder = mkdtempSync(join(tmpdir(), 'lethe-policy-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

const run = (...args: readonly string[]) => runMain(['policy', ...args]);

test('check says that a policy can be used, and its digest', async () => {
  const { code, stdout } = await run('check', file('strict.yaml', 'name: strict'));
  expect(code).toBe(0);
  expect(stdout).toContain(policyDigest(readPolicy('name: strict')));
});

test('check names every fault with its line', async () => {
  const bad = file('bad.yaml', 'version: 2\nmodes:\n  untrain:\n    wisdom: { low: 1 }\n');
  const { code, stderr } = await run('check', bad);
  expect(code).toBe(2);
  expect(stderr).toContain('modes.untrain.wisdom (line 4) = wisdom: is not a metric');
  expect((await run('check', join(folder, 'none'))).code).toBe(2);
});

test('explain says every check of a mode in a sentence', async () => {
  const { code, stdout } = await run('explain', '--mode', 'relabel');
  expect(code).toBe(0);
  expect(stdout).toContain('forget_accuracy.given_target: share of the corrected samples');
  expect(stdout).not.toContain('membership_auc');
});

test('diff tells what a policy changes of the built-in one', async () => {
  const strict = file('s.yaml', 'modes: { untrain: { streisand_share: { high: 0.02 } } }');
  expect((await run('diff', strict)).stdout).toBe('untrain.streisand_share.high: 0.1 → 0.02\n');
  expect((await run('diff', strict, strict)).stdout).toBe('They mean the same.\n');
});

test('show prints a policy that reads as the same one', async () => {
  expect(readPolicy((await run('show')).stdout)).toEqual(defaultPolicy);
});

test('schema prints JSON', async () => {
  expect(JSON.parse((await run('schema')).stdout)).toMatchObject({ title: 'Gate policy of Lethe' });
});
