import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sha256 } from '@lethe/contracts';
import { FolderStore } from '@lethe/store';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BackupFolder } from '../../apps/cli/src/backup/backup-folder.ts';
import { takeBackup } from '../../apps/cli/src/backup/take-backup.ts';
import { homeLayout } from '../../apps/cli/src/embedded/home-layout.ts';
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

  test('bundle gives a release that is checked file by file, by whoever has the keys', async () => {
    const out = join(folder.path, 'release');
    const bundled = await lethe(['bundle', 'm', '--home', home, '--out', out, '--json']);
    expect(bundled, bundled.stderr).toMatchObject({ code: 0 });
    expect(json(bundled)).toMatchObject([{ modelKey: 'm', requests: 1 }]);
    const keySet = join(folder.path, 'release-keys.json');
    expect((await lethe(['keys', 'export', keySet, '--home', home])).code).toBe(0);
    const check = ['verify', join(out, 'release.json'), '--keys', keySet, '--files', out, '--json'];
    const told = json(await lethe(check))[0];
    expect(told.verdict).toBe('valid');
    const { predicate } = told.statement;
    expect(predicate.covered_request_count).toBe(1);
    const read = (name: string) => readFileSync(join(out, name));
    expect(sha256(read('verdict.json'))).toBe(predicate.model.verdict_digest);
    expect(sha256(read('policy.json'))).toBe(predicate.model.policy_digest);
    expect(JSON.parse(read('policy.json').toString())).toMatchObject({ modes: { untrain: {} } });
    expect(sha256(read('weights.bin'))).toBe(predicate.model.weights_digest);
    expect(JSON.parse(read('requests.jsonl').toString())).toMatchObject({ request_id: requestId });
    expect(JSON.parse(read('lineage.jsonl').toString().split('\n')[0] ?? '')).toMatchObject({
      verdict_digest: predicate.model.verdict_digest,
    });
    expect(sha256(read('verdicts.jsonl').toString().trimEnd())).toBe(
      predicate.model.verdict_digest,
    );
    // Not a word of the person (P6).
    for (const { path } of predicate.files) {
      if (path !== 'weights.bin') expect(read(path).toString(), path).not.toContain('subject-7');
    }
    const changed = read('model.json');
    writeFileSync(join(out, 'model.json'), Buffer.concat([changed, Buffer.from(' ')]));
    const damaged = await lethe(check);
    expect(damaged.code).toBe(6);
    expect(json(damaged)[0]).toMatchObject({ verdict: 'other_files' });
    expect(await lethe(['bundle', 'm', '--home', home, '--out', out])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is not empty'),
    });
  });

  test('check-release says yes to exactly the model that serves, and why not to another', async () => {
    const model = join(folder.path, 'to-release');
    expect(await lethe(['bundle', 'm', '--home', home, '--out', model])).toMatchObject({ code: 0 });
    const check = (what: string) => lethe(['check-release', '--model', what, '--home', home]);
    expect(await check(model)).toMatchObject({
      ...{ code: 0, stdout: expect.stringMatching(/^may be released: m version 1, weights/) },
    });
    const weights = readFileSync(join(model, 'weights.bin'));
    writeFileSync(
      join(model, 'weights.bin'),
      Buffer.concat([Buffer.from([1]), weights.subarray(1)]),
    );
    expect(await check(model)).toMatchObject({
      ...{
        code: 6,
        stdout: expect.stringMatching(/must not be released.*\n +unknown_weights: no/),
      },
    });
    expect(await check('latest')).toMatchObject({ code: 2 });
  });

  test('top prints once where it is no terminal, and a line for every look as JSON', async () => {
    const once_ = await lethe(['top', '--home', home]);
    expect(once_.code).toBe(0);
    expect(once_.stdout).toMatch(/1 model, 0 open, 1 done/);
    const child = startLethe(['top', '--home', home, '--json', '--every', '100']);
    const looks: string[] = [];
    const ended = once(child, 'exit');
    child.stdout?.on('data', (chunk: Buffer) => {
      looks.push(...chunk.toString().trim().split('\n'));
    });
    await expect.poll(() => looks.length).toBeGreaterThan(1);
    // Once: a second one might come when nobody listens any more.
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
    expect(JSON.parse(looks[0] ?? '')).toMatchObject({ models: [{ modelKey: 'm', completed: 1 }] });
  });

  test('status lists the latest request first', async () => {
    const later = '1b4ff9ac-9a2c-4d6f-8e0a-3a7d7e0a5b11';
    await lethe(['submit', '--home', home, '--model', 'm', '--subject', 'nobody', '--id', later]);
    const told = await lethe(['status', '--home', home, '--json', '--limit', '1']);
    expect(json(told)).toMatchObject([{ current: { requestId: later } }]);
  });
});

describe('a backup of a running lethe up', () => {
  const backup = join(folder.path, 'backup');
  const restored = join(folder.path, 'restored');
  const inBetween = '2b4ff9ac-9a2c-4d6f-8e0a-3a7d7e0a5b11';

  /** A whole round passes between the copy of the message log and that of the records. */
  async function backupWithRoundInBetween() {
    await using store = await FolderStore.open(homeLayout(home).store);
    let isFirst = true;
    const slow = {
      get: store.get.bind(store),
      download: store.download.bind(store),
      put: store.put.bind(store),
      deleteAllVersions: store.deleteAllVersions.bind(store),
      [Symbol.asyncDispose]: async () => {},
      async *list(prefix: string) {
        if (prefix === '' && isFirst) {
          isFirst = false;
          const ask = [
            'submit',
            '--home',
            home,
            '--model',
            'm',
            '--subject',
            'subject-9',
            '--wait',
          ];
          expect(await lethe([...ask, '--id', inBetween])).toMatchObject({ code: 0 });
        }
        yield* store.list(prefix);
      },
    };
    using to = BackupFolder.toWrite(backup);
    const source = { kind: 'home' as const, layout: homeLayout(home) };
    const now = () => new Date();
    await takeBackup({ source, store: slow, backup: to, now, onProgress: () => {} });
  }

  test('reproduces every digest in a drill, whatever happened while it was made', async () => {
    await backupWithRoundInBetween();
    const told = await lethe(['restore', backup, '--drill', '--json']);
    expect(told).toMatchObject({ code: 0, stderr: '' });
    expect(json(told)).toMatchObject([{ models: 1, versions: 2, files: 8 }]);
  });

  test('is restored by a restore that was interrupted, and never over anything', async () => {
    await up.kill();
    const snapshot = BackupFolder.toRead(backup).snapshots()[0];
    mkdirSync(restored);
    writeFileSync(join(restored, 'restoring.json'), JSON.stringify({ snapshot }));
    expect(await lethe(['up', '--home', restored])).toMatchObject({
      code: 6,
      stderr: expect.stringContaining('unfinished restore'),
    });
    expect(await lethe(['restore', backup, '--home', restored])).toMatchObject({ code: 0 });
    expect(await lethe(['restore', backup, '--home', restored])).toMatchObject({
      code: 6,
      stderr: expect.stringContaining('nothing is overwritten'),
    });
  });

  test('serves, knows every request, and goes on', async () => {
    up = await startUp(restored);
    const stateOf = async (id: string) => {
      const told = await lethe(['status', id, '--home', restored, '--json']);
      return told.code === 0 ? json(told)[0].current.state : told.stderr;
    };
    expect(await stateOf(requestId)).toBe('REQUEST_STATE_COMPLETED');
    // Its round is in the records, and only there.
    await expect.poll(() => stateOf(inBetween)).toMatch(/COMPLETED/);
    const next = [
      'submit',
      '--home',
      restored,
      '--model',
      'm',
      '--subject',
      'subject-11',
      '--wait',
    ];
    expect(await lethe(next)).toMatchObject({ code: 0 });
    const keys = join(folder.path, 'keys.json');
    await lethe(['keys', 'export', keys, '--home', restored]);
    const verify = () => lethe(['audit-log', 'verify', '--keys', keys, '--home', restored]);
    expect(await verify()).toMatchObject({ code: 0 });
    await using store = await FolderStore.open(homeLayout(restored).store);
    const entry = 'audit/segments/000000000000';
    const text = Buffer.from((await store.get(entry))!.bytes).toString();
    await store.put(entry, Buffer.from(text.replace('"actor":"', '"actor":"x')));
    expect(await verify()).toMatchObject({ code: 6, stdout: expect.stringContaining('edited') });
    await store.put(entry, Buffer.from(text));
  });

  test('of a newer schema is refused before anything is written', async () => {
    const newer = join(folder.path, 'newer');
    await lethe(['backup', newer, '--home', restored]);
    const file = join(newer, 'snapshots', `${BackupFolder.toRead(newer).snapshots()[0]}.jsonl`);
    writeFileSync(file, readFileSync(file, 'utf8').replace(/"schema":\d+/, '"schema":99'));
    const told = await lethe(['restore', newer, '--home', join(folder.path, 'no')]);
    expect(told).toMatchObject({ code: 6, stderr: expect.stringMatching(/schema 99, written by/) });
    rmSync(newer, { recursive: true });
  });
});
