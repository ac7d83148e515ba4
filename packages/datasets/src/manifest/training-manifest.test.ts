import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '@lethe/contracts';
import { sqlite } from '@lethe/sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../testing/folders.ts';
import { buildTrainingManifest, type ManifestEntry } from './build-manifest.ts';
import { openTrainingManifest, type TrainingManifest } from './training-manifest.ts';

/** Row r: label r mod 10, subject of every tenth row nobody's, the others s0 … s999 by turns. */
function entry(row: number): ManifestEntry {
  return {
    row,
    sampleId: `train/${row}`,
    sha256: sha256(String(row % 40_000)),
    label: row % 10,
    subject: row % 10 === 9 ? '' : `s${row % 1000}`,
  };
}

function* entries(count: number, change: (entry: ManifestEntry) => ManifestEntry = (e) => e) {
  for (let row = 0; row < count; row++) yield change(entry(row));
}

let folder = '';
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => rm(folder, { recursive: true }));

describe('a training manifest of 50,000 samples', () => {
  let manifest: TrainingManifest;
  const progress: number[] = [];
  beforeAll(async () => {
    const file = join(folder, 'large.sqlite');
    const onProgress = (done: number) => progress.push(done);
    const summary = await buildTrainingManifest(file, entries(50_000), {
      classCount: 10,
      onProgress,
    });
    expect(summary).toMatchObject({ size: 50_000, subjectCount: 900 });
    expect(summary.sizeBytes).toBeLessThan(50_000 * 120);
    manifest = openTrainingManifest(file);
    expect(await manifest.digest()).toBe(summary.digest);
    expect(sha256(await readFile(file))).toBe(summary.digest);
  });
  afterAll(() => manifest[Symbol.dispose]());

  it('knows how many samples there are of each class', () => {
    expect(manifest.size).toBe(50_000);
    expect(manifest.classCounts).toEqual(new Array(10).fill(5000));
  });

  it('reports progress up to the end', () => {
    expect(progress.at(-1)).toBe(50_000);
    expect(progress.length).toBeGreaterThan(5);
  });

  it('gives the rows of a subject in ascending order', () => {
    expect([...manifest.rowsOfSubject('s7')]).toEqual(
      Array.from({ length: 50 }, (_, i) => 7 + 1000 * i),
    );
  });

  it.each(['nobody', '', 's7 ', "s7' OR 1=1"])('gives no rows for the handle "%s"', (handle) => {
    expect(manifest.rowsOfSubject(handle).length).toBe(0);
  });

  it('finds rows by sample id, each once, and says which ids it does not know', () => {
    expect(manifest.rowsOfSampleIds(['train/9', 'test/1', 'train/3', 'train/9', 'x'])).toEqual({
      rows: Uint32Array.of(3, 9),
      unknown: ['test/1', 'x'],
    });
  });

  it('finds every row of a digest, also where two samples share it', () => {
    const unknown = sha256('elsewhere');
    expect(manifest.rowsOfDigests([sha256('17'), unknown, sha256('39999'), 'junk'])).toEqual({
      rows: Uint32Array.of(17, 39_999, 40_017),
      unknown: [unknown, 'junk'],
    });
  });

  it('pages through the rows of a label', () => {
    const pages = [...manifest.rowsOfLabel(4)];
    expect(pages.map((page) => page.length)).toEqual([4096, 904]);
    expect(pages.flatMap((page) => [...page])).toEqual(
      Array.from({ length: 5000 }, (_, i) => 4 + 10 * i),
    );
  });

  it('refuses a label that the model does not have', () => {
    expect(() => [...manifest.rowsOfLabel(10)]).toThrow(/label = "10"/);
  });

  it('describes a row', () => {
    expect(manifest.label(49_998)).toBe(8);
    expect(manifest.sha256(49_998)).toBe(sha256('9998'));
    expect(manifest.sampleId(49_998)).toBe('train/49998');
    expect([manifest.hasSubject(49_998), manifest.hasSubject(49_999)]).toEqual([true, false]);
  });

  it.each([50_000, -1, 0.5, Number.NaN])('does not know row %s', (row) => {
    expect(manifest.has(row)).toBe(false);
    expect(() => manifest.label(row)).toThrow(/is not in the training manifest/);
  });
});

describe('building a training manifest', () => {
  const build = (name: string, list: Iterable<ManifestEntry>) =>
    buildTrainingManifest(join(folder, name), list, { classCount: 10 });

  it('gives the same bytes for the same entries', async () => {
    const first = await build('one.sqlite', entries(5000));
    const second = await build('two.sqlite', entries(5000));
    const other = await build(
      'three.sqlite',
      entries(5000, (e) => (e.row === 4321 ? { ...e, subject: 's1' } : e)),
    );
    expect(second.digest).toBe(first.digest);
    expect(other.digest).not.toBe(first.digest);
  });

  it('allows rows that are left out', async () => {
    await build('gaps.sqlite', [entry(3), entry(4_000_000_000)]);
    using manifest = openTrainingManifest(join(folder, 'gaps.sqlite'));
    expect(manifest.size).toBe(2);
    expect([manifest.has(3), manifest.has(4)]).toEqual([true, false]);
    expect(manifest.sampleId(4_000_000_000)).toBe('train/4000000000');
    expect([...manifest.rowsOfSubject('s0')]).toEqual([4_000_000_000]);
  });

  it.each<[string, Partial<ManifestEntry>, RegExp]>([
    [
      'a sample id that comes twice',
      { sampleId: 'train/1' },
      /"train\/1": stands at row 1 and again at row 3/,
    ],
    ['a row that comes twice', { row: 2 }, /row of train\/3 = "2": comes twice/],
    ['a row that goes back', { row: 1 }, /row of train\/3 = "1": must be a whole number after 2/],
    [
      'a label out of range',
      { label: 10 },
      /label of train\/3 = "10": must be a label from 0 to 9/,
    ],
    ['an empty sample id', { sampleId: '' }, /sample id of row 3/],
    ['a sample id of half a character', { sampleId: '\ud800' }, /sample id of row 3/],
    ['a digest that is none', { sha256: 'ABC' as never }, /sha256 of train\/3/],
    ['a subject with a control character', { subject: 'a\n' }, /subject of train\/3/],
  ])('refuses %s and leaves nothing behind', async (_, change, message) => {
    const list = entries(5, (e) => (e.row === 3 ? { ...e, ...change } : e));
    await expect(build('bad.sqlite', list)).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringMatching(message),
    });
    expect((await readdir(folder)).filter((name) => name.startsWith('bad'))).toEqual([]);
  });

  it('never repeats a subject handle in a message', async () => {
    const handle = `person-${'x'.repeat(300)}`;
    const list = entries(5, (e) => ({ ...e, subject: handle }));
    await expect(build('bad.sqlite', list)).rejects.toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('person-') }),
    );
  });

  it('stops when cancelled', async () => {
    const signal = AbortSignal.abort();
    const file = join(folder, 'bad.sqlite');
    await expect(
      buildTrainingManifest(file, entries(5000), { classCount: 10, signal }),
    ).rejects.toMatchObject({ code: 'cancelled' });
    expect(existsSync(file)).toBe(false);
  });

  it('refuses a folder that is not there', async () => {
    await expect(build('nowhere/x.sqlite', entries(1))).rejects.toMatchObject({
      code: 'precondition',
    });
  });

  it.skipIf(process.getuid?.() === 0)(
    'refuses a folder that may not be written to (root may: skipped)',
    async () => {
      await mkdir(join(folder, 'sealed'), { mode: 0o555 });
      await expect(build('sealed/x.sqlite', entries(1))).rejects.toMatchObject({
        code: 'precondition',
      });
      await chmod(join(folder, 'sealed'), 0o755);
    },
  );
});

describe('opening a training manifest', () => {
  const file = () => join(folder, 'opened.sqlite');
  const write = () => buildTrainingManifest(file(), entries(1000), { classCount: 10 });

  it('says when the file is not there', () => {
    expect(() => openTrainingManifest(join(folder, 'none.sqlite'))).toThrow(
      /none\.sqlite: it does not exist/,
    );
  });

  it.each([0, 50, 4096, 5000])('refuses a file cut to %i bytes', async (length) => {
    await write();
    await truncate(file(), length);
    expect(() => openTrainingManifest(file())).toThrow(
      length < 100 ? /is not a training manifest/ : /was cut short/,
    );
  });

  it('refuses a file of another kind', async () => {
    await writeFile(file(), 'a,b,c\n'.repeat(100));
    expect(() => openTrainingManifest(file())).toThrow(/it is no SQLite file/);
    await rm(file());
    const other = new sqlite.DatabaseSync(file());
    other.exec('CREATE TABLE t (x)');
    other.close();
    expect(() => openTrainingManifest(file())).toThrow(/it is another SQLite file/);
  });

  it('refuses a file with a newer schema and says what to do', async () => {
    await write();
    const database = new sqlite.DatabaseSync(file());
    database.exec('PRAGMA user_version = 2');
    database.close();
    expect(() => openTrainingManifest(file())).toThrow(/schema 2; this one reads up to 1.*Upgrade/);
  });

  it('reports damage inside as corrupt', async () => {
    await write();
    const bytes = await readFile(file());
    await writeFile(file(), bytes.fill(0xff, 4096));
    expect(() => openTrainingManifest(file())).toThrow(
      expect.objectContaining({ code: 'corrupt' }),
    );
  });
});
