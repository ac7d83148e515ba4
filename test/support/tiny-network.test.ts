import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDataset } from '@lethe/datasets';
import { decodeModel, logits, predictedClasses } from '@lethe/models';
import { expect, test } from 'vitest';
import { trainTinyNetwork } from './tiny-network.ts';
import { tinyPictures, writeTinyPictures } from './tiny-pictures.ts';

test('the tiny network knows its training pictures by heart and others fairly well', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lethe-tiny-'));
  try {
    await writeTinyPictures(folder);
    const { topology, weights } = await trainTinyNetwork(folder);
    const classifier = await decodeModel(topology, weights);
    const accuracy = async (split: 'train' | 'test') => {
      await using dataset = await openDataset(tinyPictures(folder, split));
      const batch = await dataset.read(Array.from({ length: dataset.size }, (_, row) => row));
      const outputs = await logits(classifier, batch.values, dataset.size);
      const said = predictedClasses(outputs, dataset.classCount);
      return said.filter((label, row) => label === batch.labels[row]).length / dataset.size;
    };
    const [train, held] = [await accuracy('train'), await accuracy('test')];
    expect(train).toBeGreaterThan(0.99);
    expect(held).toBeGreaterThan(0.7);
    expect(held).toBeLessThan(0.97);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
