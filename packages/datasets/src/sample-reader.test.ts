import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '@lethe/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildTrainingManifest } from './manifest/build-manifest.ts';
import { openTrainingManifest, type TrainingManifest } from './manifest/training-manifest.ts';
import { sampleReader } from './sample-reader.ts';
import { arrayDataset } from './testing/array-dataset.ts';
import { temporaryFolder } from './testing/folders.ts';

const samples = [[10], [11], [12], [13]];
const labels = [0, 1, 0, 1];

describe('reading training samples', () => {
  let folder = '';
  let manifest: TrainingManifest;
  beforeAll(async () => {
    folder = await temporaryFolder();
    const file = join(folder, 'manifest.sqlite');
    // Row 2 was not trained on.
    const entries = [0, 1, 3].map((row) => ({
      row,
      sampleId: `train/${row}`,
      sha256: sha256(Uint8Array.from(samples[row]!)),
      label: labels[row]!,
      subject: '',
    }));
    await buildTrainingManifest(file, entries, { classCount: 2 });
    manifest = openTrainingManifest(file);
  });
  afterAll(async () => {
    manifest[Symbol.dispose]();
    await rm(folder, { recursive: true });
  });

  it('gives values and labels in the order asked for', async () => {
    const reader = sampleReader(arrayDataset('train', samples, labels), manifest);
    expect(await reader.read([3, 0])).toEqual({
      values: Float32Array.of(13, 10),
      labels: Int32Array.of(1, 0),
    });
  });

  it('refuses a row that was never trained on', async () => {
    const reader = sampleReader(arrayDataset('train', samples, labels), manifest);
    await expect(reader.read([0, 2])).rejects.toMatchObject({ code: 'not_found' });
  });

  it.each([
    ['a sample that has changed', [[10], [99], [12], [13]], labels, /train\/1 \(row 1\).*SHA-256/],
    [
      'a label that has changed',
      samples,
      [0, 0, 0, 1],
      /train\/1 \(row 1\).*its label is 0, not 1/,
    ],
    ['a set that has become shorter', [[10]], [0], /train\/1 \(row 1\).*ends at row 0/],
  ])('reports %s as corrupt, naming it', async (_, nowSamples, nowLabels, message) => {
    const reader = sampleReader(arrayDataset('train', nowSamples, nowLabels), manifest);
    await expect(reader.read([0, 1])).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringMatching(message),
    });
  });
});
