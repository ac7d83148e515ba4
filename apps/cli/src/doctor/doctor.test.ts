import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ModelRegistration } from '@lethe/contracts';
import { KeyRing, publishKeySet } from '@lethe/evidence';
import { sqlite } from '@lethe/sqlite';
import { FolderStore } from '@lethe/store';
import { afterAll, describe, expect, it } from 'vitest';
import { homeLayout } from '../embedded/home-layout.ts';
import { judgeReading } from './check-clocks.ts';
import { checkConfig } from './check-config.ts';
import { judgeData } from './check-data.ts';
import { judgeSpace } from './check-disk.ts';
import { checkHome } from './check-home.ts';
import { checkKeys, checkSharedKeys } from './check-keys.ts';
import { checkVersions } from './check-versions.ts';
import { type Finding, problemsOf } from './finding.ts';

const folder = mkdtempSync(join(tmpdir(), 'lethe-doctor-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const now = new Date('2026-01-01T00:00:00Z');

/** What must be mended or known: whatever is found must say what to do. */
function troubles(findings: readonly Finding[]): string[] {
  for (const { state, remedy } of findings) expect(remedy !== '').toBe(state !== 'ok');
  return findings.flatMap(({ state, seen }) => (state === 'ok' ? [] : [`${state}: ${seen}`]));
}

const home = (name: string) => {
  const layout = homeLayout(join(folder, name));
  mkdirSync(layout.root);
  return { layout };
};

describe('doctor', () => {
  it('refuses another Node', async () => {
    expect(troubles(await checkVersions('22.23.3'))).toEqual([]);
    expect(troubles(await checkVersions('20.1.0'))[0]).toMatch(/problem: Node 20\.1\.0/);
    expect(troubles(await checkVersions('22.9.0'))).toHaveLength(1);
  });

  it('tells every setting that cannot be used, once, though four services read it', async () => {
    const env = { LETHE_MAX_BATCH: '0', LETHE_LOG_LEVEL: 'loud' };
    expect(troubles(await checkConfig({ env }))).toEqual([
      expect.stringMatching(/problem: LETHE_LOG_LEVEL = "loud"/),
      expect.stringMatching(/problem: LETHE_MAX_BATCH = "0"/),
    ]);
  });

  it('finds misspelt variables, and says which was meant', async () => {
    const findings = await checkConfig({ env: { LETHE_STROE: 'x', LETHE_QWERTZ: 'y', PATH: '/' } });
    expect(findings.map(({ remedy }) => remedy)).toEqual([
      'Did you mean LETHE_STORE?',
      expect.stringContaining('docs/configuration.md'),
    ]);
  });

  it('knows a disk that is nearly full, by bytes and by files', () => {
    const space = (freeGiB: number, freeFiles?: number) =>
      judgeSpace({
        folder: '/d',
        freeBytes: freeGiB * 2 ** 30,
        ...(freeFiles !== undefined && { freeFiles }),
      }).state;
    expect([space(10), space(1), space(0.1), space(10, 12)]).toEqual([
      'ok',
      'note',
      'problem',
      'problem',
    ]);
  });

  it('measures clocks against the time it took to ask', () => {
    const reading = (theirMs: number) =>
      judgeReading({ who: 'the store', theirMs, beforeMs: 100_000, afterMs: 102_000 });
    expect(reading(101_000).state).toBe('ok');
    expect(reading(96_000).state).toBe('ok');
    expect(reading(85_000)).toMatchObject({
      state: 'note',
      seen: expect.stringMatching(/15 s behind/),
    });
    expect(reading(300_000)).toMatchObject({
      state: 'problem',
      seen: expect.stringMatching(/198 s ahead of/),
    });
  });

  it('finds damaged files, files of a newer Lethe, and a process that was killed', async () => {
    const { layout } = home('damaged');
    writeFileSync(layout.bus, 'x'.repeat(5_000));
    const db = new sqlite.DatabaseSync(layout.ingest);
    db.exec('CREATE TABLE t (x); PRAGMA user_version = 99');
    db.close();
    // Never the id of a process: above the kernel's limit.
    writeFileSync(layout.runtime, JSON.stringify({ pid: 2 ** 22 + 1, grpc: '', http: '' }));
    expect(troubles(await checkHome({ layout }))).toEqual([
      expect.stringMatching(/note: runtime.json names process 4194305, which is gone/),
      expect.stringMatching(/problem: the request index ingest.sqlite has schema 99, and this/),
      expect.stringMatching(/problem: the message log bus.sqlite is not a SQLite file/),
    ]);
  });

  it('looks at a home that is not there without making it', async () => {
    const layout = homeLayout(join(folder, 'none'));
    expect(troubles(await checkHome({ layout }))).toEqual([]);
    expect(troubles(await checkKeys(layout.keys, now))).toEqual([]);
    expect(await checkHome({ layout })).toHaveLength(1);
  });

  it('finds secrets that others may read, a missing secret and keys that may not sign', async () => {
    const { layout } = home('keys');
    KeyRing.open(layout.keys, now);
    expect(troubles(await checkKeys(layout.keys, now))).toEqual([]);
    const before = new Date('2025-01-01T00:00:00Z');
    expect(troubles(await checkKeys(layout.keys, before))[0]).toMatch(/note: .* begins at 2026/);
    chmodSync(join(layout.keys, 'request-digest.key'), 0o644);
    expect(troubles(await checkKeys(layout.keys, now))).toEqual([
      expect.stringMatching(/problem: other users .*request-digest.key/),
    ]);
    rmSync(join(layout.keys, 'request-digest.key'));
    const ring = KeyRing.open(join(folder, 'other'), now);
    const [id = ''] = [...ring.keys().keys()];
    rmSync(join(folder, 'other', `${id}.pem`));
    expect(troubles(await checkKeys(layout.keys, now))[0]).toMatch(/request-digest.key is missing/);
    expect(troubles(await checkKeys(join(folder, 'other'), now))[0]).toMatch(
      /no key that may sign/,
    );
  });

  it('finds services that sign with a key folder of their own', async () => {
    const shared = join(folder, 'shared-keys');
    const ring = KeyRing.open(shared, now);
    await using store = await FolderStore.open(join(folder, 'shared-store'));
    await publishKeySet(store, ring);
    expect(await checkSharedKeys(shared, store)).toEqual([]);
    const other = KeyRing.open(join(folder, 'own-keys'), now);
    await publishKeySet(store, other);
    const [id = ''] = other.keys().keys();
    expect(troubles(await checkSharedKeys(shared, store))).toEqual([
      expect.stringMatching(new RegExp(`note: .*${id.slice(0, 12)} \\(keysets/${id}.json\\)`)),
    ]);
  });

  it('finds training data that is gone: a problem here, a note where services run apart', () => {
    const registration = ModelRegistration.fromPartial({
      modelKey: 'm',
      trainingData: { kind: 'npz', path: '/gone.npz' },
      evaluationSets: [
        { source: { kind: 'npz', path: '/there.npz' } },
        { source: { kind: 'synthetic' } },
      ],
    });
    const judge = (isHere: boolean) =>
      judgeData(registration, (path) => path === '/there.npz', isHere);
    expect(troubles(judge(true))).toEqual([
      expect.stringMatching(/problem: m: its data \/gone.npz/),
    ]);
    expect(troubles(judge(false))).toEqual([expect.stringMatching(/note: m: its data/)]);
  });

  it('splits a message into what is wrong and what to do', () => {
    expect(problemsOf('bus', new Error('it is away. Start it at localhost:9092'))).toEqual([
      { area: 'bus', state: 'problem', seen: 'it is away.', remedy: 'Start it at localhost:9092' },
    ]);
    expect(problemsOf('bus', new Error('it is away'))[0]?.remedy).not.toBe('');
  });
});
