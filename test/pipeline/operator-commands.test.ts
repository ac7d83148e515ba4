import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lethe, startLethe, startUp, temporaryFolder, type Up } from '../support/lethe-process.ts';

const model = fileURLToPath(new URL('../../apps/cli/assets/demo-model', import.meta.url));
const requestId = '0b4ff9ac-9a2c-4d6f-8e0a-3a7d7e0a5b11';
const folder = temporaryFolder();
const home = join(folder.path, 'home');
let up: Up;

beforeAll(async () => {
  const imported = await lethe([
    ...['import', 'm', '--home', home, '--weights', model, '--train', 'synthetic:?split=train'],
    ...['--stop', 'synthetic:?split=test&rows=0-200', '--subjects-per', '4'],
    ...['--gate', 'synthetic:?split=test&rows=200-2000'],
  ]);
  expect(imported.stderr).not.toContain('error');
  up = await startUp(home);
  const ask = ['submit', '--home', home, '--model', 'm', '--subject', 'subject-7', '--wait'];
  expect(await lethe([...ask, '--id', requestId])).toMatchObject({ code: 0 });
});

afterAll(async () => {
  await up?.stop();
  folder[Symbol.dispose]();
});

const json = ({ stdout }: { stdout: string }) =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('on a running lethe up', () => {
  test('doctor finds nothing to mend, and looks at everything', async () => {
    const told = await lethe(['doctor', '--home', home, '--json']);
    expect(told).toMatchObject({ code: 0, stderr: '' });
    const areas = new Set(json(told).map(({ area }) => area));
    expect([...areas].sort().join(' ')).toBe(
      'backend clocks config data disk home keys running store versions',
    );
  });

  test('trace tells the life of a request from submission to completion', async () => {
    const url = 'http://traces.example/{trace_id}';
    const told = await lethe(['trace', requestId, '--home', home, '--json', '--trace-url', url]);
    expect(told.code).toBe(0);
    const [{ state, events }] = json(told);
    expect(state).toBe('completed');
    expect(events.map(({ kind }: { kind: string }) => kind).join(' ')).toBe(
      'submitted status round status verdict serving decision status deadline',
    );
    expect(await lethe(['trace', requestId, '--home', home, '--trace-url', 'x'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('{trace_id}'),
    });
    expect(await lethe(['trace', requestId.replace('0', '1'), '--home', home])).toMatchObject({
      code: 3,
    });
  });

  test('top prints once where it is no terminal, and a line for every look as JSON', async () => {
    const once_ = await lethe(['top', '--home', home]);
    expect(once_.code).toBe(0);
    expect(once_.stdout).toMatch(/1 models, 0 open, 1 done/);
    const child = startLethe(['top', '--home', home, '--json', '--every', '100']);
    const looks: string[] = [];
    child.stdout?.on('data', (chunk: Buffer) => {
      looks.push(...chunk.toString().trim().split('\n'));
      if (looks.length >= 2) child.kill('SIGINT');
    });
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(JSON.parse(looks[0] ?? '')).toMatchObject({ models: [{ modelKey: 'm', completed: 1 }] });
  });

  test('status lists the latest request first', async () => {
    const later = '1b4ff9ac-9a2c-4d6f-8e0a-3a7d7e0a5b11';
    await lethe(['submit', '--home', home, '--model', 'm', '--subject', 'nobody', '--id', later]);
    const told = await lethe(['status', '--home', home, '--json', '--limit', '1']);
    expect(json(told)).toMatchObject([{ current: { requestId: later } }]);
  });
});
