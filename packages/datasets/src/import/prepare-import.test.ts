import { existsSync } from 'node:fs';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dataset } from '../dataset.ts';
import { openTrainingManifest } from '../manifest/training-manifest.ts';
import { openDataset } from '../open-dataset.ts';
import { evaluationSetDigest } from '../sample-digests.ts';
import { arrayDataset } from '../testing/array-dataset.ts';
import { dataFolder, temporaryFolder } from '../testing/folders.ts';
import { type EvaluationInput, type ImportInput, prepareImport } from './prepare-import.ts';

let folder = '';
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => rm(folder, { recursive: true }));

const byLast = (samples: readonly (readonly number[])[]) => samples.map((s) => s[0]! % 2);
const vectors = (name: string, samples: readonly (readonly number[])[]) =>
  arrayDataset(name, samples, byLast(samples));
const training = vectors('train', [[0], [1], [2], [3], [4], [5]]);

function set(
  name: string,
  role: string,
  dataset: Dataset,
  ranges = [] as never[],
): EvaluationInput {
  return {
    name,
    role,
    source: { kind: 'npz', path: name, split: '', options: {} },
    dataset,
    ranges,
  };
}

const run = (input: Partial<ImportInput>) =>
  prepareImport({
    training,
    manifestFile: join(folder, 'manifest.sqlite'),
    evaluationIndexFile: join(folder, 'evaluation.sqlite'),
    subjects: { kind: 'each', samples: 2 },
    evaluationSets: [],
    ...input,
  });

describe('preparing an import', () => {
  it('writes the manifest and describes the evaluation sets', async () => {
    const held = vectors('held', [[20], [21], [22], [23]]);
    const phases = new Set<string>();
    const { manifest, evaluationSets, notes } = await run({
      evaluationSets: [
        { ...set('a', 'stop', held), ranges: [{ from: 0, to: 2 }] },
        { ...set('b', 'gate', held), ranges: [{ from: 2, to: 4 }] },
      ],
      onProgress: ({ phase }) => phases.add(phase),
    });
    expect(manifest).toMatchObject({ size: 6, subjectCount: 3, classCounts: [3, 3] });
    expect(evaluationSets[1]).toEqual({
      name: 'b',
      role: 'gate',
      source: { kind: 'npz', path: 'b', split: '', options: {} },
      ranges: [{ from: 2, to: 4 }],
      digest: await evaluationSetDigest(held, [2, 3]),
      size: 2,
    });
    expect(notes).toEqual([]);
    expect([...phases]).toEqual(['subjects', 'training', 'evaluation'].slice(1));
    using opened = openTrainingManifest(join(folder, 'manifest.sqlite'));
    expect(await opened.digest()).toBe(manifest.digest);
    expect([...opened.rowsOfSubject('subject-2')]).toEqual([2, 3]);
  });

  it('says so when no sample belongs to anybody', async () => {
    const { notes } = await run({ subjects: { kind: 'none' } });
    expect(notes).toEqual([expect.stringContaining('No sample belongs to a subject')]);
  });
});

describe('the hygiene of evaluation sets', () => {
  const file = () => join(folder, 'refused.sqlite');
  const refused = (input: Partial<ImportInput>) => run({ manifestFile: file(), ...input });

  it('refuses a sample that was trained on, by content, naming set, row and sample', async () => {
    const dirty = vectors('other', [[20], [3], [21]]);
    await expect(refused({ evaluationSets: [set('g', 'gate', dirty)] })).rejects.toThrow(
      /evaluation set g, row 1 = "other\/1": .*training data.*train\/3/,
    );
    expect((await readdir(folder)).filter((name) => name.startsWith('refused'))).toEqual([]);
  });

  it('refuses a sample in both a stop and a gate set, also across sources', async () => {
    const evaluationSets = [
      set('s', 'stop', vectors('one', [[20], [21]])),
      set('g', 'gate', vectors('two', [[30], [31], [20]])),
    ];
    await expect(refused({ evaluationSets })).rejects.toThrow(
      /evaluation set g, row 2 = "two\/2": .*are in s too.*one\/0/,
    );
    expect(existsSync(file())).toBe(false);
  });

  it('allows one sample twice in the same role', async () => {
    const evaluationSets = [
      set('g1', 'gate', vectors('one', [[20], [21], [20]])),
      set('g2', 'gate', vectors('two', [[20]])),
    ];
    const prepared = await run({ evaluationSets });
    expect(prepared.evaluationSets.map(({ size }) => size)).toEqual([3, 1]);
  });

  it('leaves such samples out on demand, and says which', async () => {
    const { evaluationSets, notes } = await run({
      duplicates: 'leave_out',
      evaluationSets: [
        set('s', 'stop', vectors('one', [[20], [3], [21]])),
        set('g', 'gate', vectors('two', [[20], [31], [2], [32]])),
      ],
    });
    expect(evaluationSets.map(({ ranges }) => ranges)).toEqual([
      [
        { from: 0, to: 1 },
        { from: 2, to: 3 },
      ],
      [
        { from: 1, to: 2 },
        { from: 3, to: 4 },
      ],
    ]);
    expect(notes).toEqual([
      's: left out 1 of 3 samples, which are in the training data too (first: one/1 = train/3)',
      'g: left out 1 of 4 samples, which are in s too, which has another role (first: two/0 = one/0)',
      'g: left out 1 of 4 samples, which are in the training data too (first: two/2 = train/2)',
    ]);
  });

  it('refuses a set of which nothing is left', async () => {
    const evaluationSets = [set('g', 'gate', vectors('x', [[1]]))];
    await expect(refused({ evaluationSets, duplicates: 'leave_out' })).rejects.toThrow(
      /evaluation set g = "0 samples"/,
    );
  });

  it.each([
    ['an unknown role', [set('g', 'judge', vectors('x', [[20]]))], /g: role = "judge"/],
    [
      'two sets of one name',
      [20, 21].map((v) => set('g', 'gate', vectors('x', [[v]]))),
      /name = "g"/,
    ],
    [
      'samples of another shape',
      [set('g', 'gate', vectors('x', [[20, 21]]))],
      /must be like the training data/,
    ],
  ])('refuses %s', async (_, evaluationSets, message) => {
    await expect(refused({ evaluationSets })).rejects.toThrow(message);
  });
});

describe('subjects of an import', () => {
  const withFile = async (text: string) => {
    const subjects = join(folder, 'subjects.csv');
    await writeFile(subjects, `sample_id,subject\n${text}`);
    const manifestFile = join(folder, 'with-subjects.sqlite');
    await run({ manifestFile, subjects: { kind: 'file', file: subjects } });
    return openTrainingManifest(manifestFile);
  };

  it('come from a file in any order; samples it does not name belong to nobody', async () => {
    using manifest = await withFile('train/5,u1\ntrain/0,u2\ntrain/3,u1\ntrain/1,\n');
    expect([...manifest.rowsOfSubject('u1')]).toEqual([3, 5]);
    expect([0, 1, 2].map((row) => manifest.hasSubject(row))).toEqual([true, false, false]);
    expect(manifest.subjectCount).toBe(2);
  });

  it.each([
    ['a sample named twice', 'train/1,u1\ntrain/1,u1\n', /line 3 = "train\/1"/],
    [
      'a sample that is not there',
      'train/1,u1\ntrain/6,u1\n',
      /line 3 = "train\/6": is not in the training data/,
    ],
  ])('are refused for %s', async (_, text, message) => {
    await expect(withFile(text)).rejects.toThrow(message);
  });

  it('are refused for less than one sample each', async () => {
    await expect(run({ subjects: { kind: 'each', samples: 0 } })).rejects.toThrow(
      /samples per subject/,
    );
  });
});

describe.skipIf(!existsSync(join(dataFolder, 'cifar-10-batches-bin')))(
  'an import of CIFAR-10 (skipped without LETHE_DATA_DIR)',
  () => {
    it('finds no test image among the training images and none twice', async () => {
      const source = (split: string) => ({
        kind: 'cifar10-binary',
        path: dataFolder,
        split,
        options: {},
      });
      await using train = await openDataset(source('train'));
      await using test = await openDataset(source('test'));
      const { manifest, evaluationSets, notes } = await run({
        training: train,
        manifestFile: join(folder, 'cifar.sqlite'),
        evaluationSets: [
          { ...set('stop', 'stop', test), ranges: [{ from: 0, to: 4990 }] },
          { ...set('gate', 'gate', test), ranges: [{ from: 4990, to: 9980 }] },
        ],
      });
      expect(manifest.size).toBe(50_000);
      expect(evaluationSets.map(({ size }) => size)).toEqual([4990, 4990]);
      expect(notes).toEqual([]);
    });
  },
);
