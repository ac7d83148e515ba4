import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { takeHome } from './embedded/home-folder.ts';
import { runMain } from './testing/run-main.ts';

const folder = mkdtempSync(join(tmpdir(), 'lethe-cli-'));
const home = join(folder, 'none');
const file = join(folder, 'file');
writeFileSync(file, 'not a folder');
mkdirSync(join(folder, 'weights'));
afterAll(() => rmSync(folder, { recursive: true }));

const demoModel = new URL('../assets/demo-model', import.meta.url).pathname;
const importing = ['import', 'm', '--home', home, '--backend', 'js', '--weights', demoModel];
const train = ['--train', 'synthetic:?split=train'];
const gate = ['--gate', 'synthetic:?split=test&rows=0-10'];

beforeEach(() => {
  vi.stubEnv('LETHE_BACKEND', undefined);
  vi.stubEnv('LETHE_ADDRESS', undefined);
});

const cases: readonly [string, readonly string[], number, RegExp][] = [
  ['an unknown command', ['frob'], 2, /unknown command 'frob'/],
  ['no command', [], 2, /Usage: lethe/],
  ['an unknown option', ['up', '--frob'], 2, /unknown option '--frob'/],
  ['an argument too many', ['up', 'x'], 2, /too many arguments for 'up'/],
  ['an option without its value', ['status', '--state'], 2, /'--state <name>' argument missing/],
  ['a port out of range', ['up', '--grpc-port', '70000'], 2, /'70000' is invalid.*0 to 65535/],
  ['a limit of nothing', ['status', '--limit', '0'], 2, /from 1 to 1000/],
  [
    'an unknown backend',
    ['up', '--backend', 'x'],
    2,
    /Allowed choices are auto, native, webgpu, wasm/,
  ],
  ['a mode the demo lacks', ['demo', '--mode', 'relabel'], 2, /Allowed choices are untrain, mis/],
  ['a demo without its data', ['demo', '--data-dir', home], 2, /--data-dir = .*cifar-10-batches/],
  ['an unknown state', ['status', '--state', 'x', '--address', 'localhost:1'], 2, /--state = "x"/],
  ['a round that is no number', ['verdict', 'm', 'x'], 2, /sequence = "x": is not a round/],
  ['a round beyond any', ['verdict', 'm', '4294967296'], 2, /sequence = "4294967296"/],
  ['a missing argument', ['verdict', 'm'], 2, /missing required argument 'sequence'/],
  ['nobody running', ['status', '--home', home], 5, /no lethe is running in --home .*lethe up/],
  ['nobody at the address', ['status', '--address', 'localhost:1'], 5, /nothing answers at local/],
  ['a home that is a file', ['up', '--home', file], 6, /--home .*file cannot be used: it is not/],
  ['a home below a file', ['up', '--home', join(file, 'x')], 6, /cannot be used: ENOTDIR/],
  [
    'a policy that is missing',
    ['up', '--home', home, '--policy', join(file, 'x')],
    2,
    /--policy = .*ENOTDIR/,
  ],
  ['a file and a subject', ['submit', '--file', 'f', '--subject', 's'], 2, /cannot be used with/],
  [
    'weights that are missing',
    [...importing, ...train, ...gate, '--weights', home],
    2,
    /--weights/,
  ],
  [
    'a folder of nothing',
    [...importing, ...train, ...gate, '--weights', folder],
    2,
    /without model/,
  ],
  ['a foreign ending', [...importing, ...train, ...gate, '--weights', file], 2, /says no format/],
  [
    'a data set of no kind',
    [...importing, ...gate, '--train', 'x'],
    2,
    /--train = "x": has no kind/,
  ],
  ['an unknown kind', [...importing, ...gate, '--train', 'x:y'], 2, /--train: kind = "x"/],
  [
    'data that is missing',
    [...importing, ...gate, '--train', 'npz:/no.npz'],
    2,
    /--train: .*no\.npz/,
  ],
  [
    'images of another size',
    [...importing, ...gate, '--train', 'synthetic:?split=train&side=8'],
    2,
    /--train = "8×8×3": samples are 8×8×3, the network takes 16×16×3/,
  ],
  [
    'rows beyond the data set',
    [...importing, ...train, '--gate', 'synthetic:?split=test&rows=0-99999'],
    2,
    /--gate rows = "0-99999": goes beyond the 2000 rows/,
  ],
  [
    'subjects in no file',
    [...importing, ...train, ...gate, '--subjects', '/no.csv'],
    2,
    /--subjects =/,
  ],
  ['untrain with no stop set', [...importing, ...train, ...gate, '--mode', 'untrain'], 2, /--stop/],
  [
    'a model key with a blank',
    ['import', 'a b', ...importing.slice(2), ...train, ...gate],
    2,
    /model-key/,
  ],
  ['a deviation of zero', [...importing, ...train, ...gate, '--std', '0'], 2, /preprocessing\.std/],
  [
    'means for other channels',
    [...importing, ...train, ...gate, '--mean', '0,1'],
    2,
    /preproc.*mean/,
  ],
  ['a scale of zero', [...importing, ...train, ...gate, '--scale', '0'], 2, /preprocessing\.scale/],
];

describe('lethe refuses', () => {
  it.each(cases)('%s', async (_, args, code, expected) => {
    const told = await runMain(args);
    expect(told.stderr).toMatch(expected);
    expect(told.stderr).not.toMatch(/\n\s+at /);
    expect(told).toMatchObject({ code, stdout: '' });
  });

  it.each(cases)('%s, as JSON on stderr', async (_, args, code) => {
    const told = await runMain([...args, '--json']);
    const lines = told.stderr.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { error: expect.objectContaining({ message: expect.stringMatching(/./) }) },
    ]);
    expect(told).toMatchObject({ code, stdout: '' });
  });

  it('a second process on a home that is taken', async () => {
    const taken = join(folder, 'taken');
    using _ = takeHome(taken);
    const told = await runMain(['up', '--home', taken]);
    expect(told.stderr).toMatch(/home .*taken is in use by another lethe.*choose another --home/);
    expect(told.code).toBe(6);
  });
});

describe('lethe --help', () => {
  it('is no error', async () => {
    const told = await runMain(['--help']);
    expect(told).toMatchObject({ code: 0, stderr: '' });
    expect(told.stdout).toContain('Exit codes');
  });
});

it('ends quietly when whoever reads has gone, as with "| head"', async () => {
  const bin = new URL('../bin/lethe.js', import.meta.url).pathname;
  const child = spawn(process.execPath, [bin, 'policy', 'explain']);
  child.stdout.destroy();
  let complaints = '';
  child.stderr.on('data', (part: Buffer) => {
    complaints += part.toString();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  expect([code, complaints]).toEqual([141, '']);
});
