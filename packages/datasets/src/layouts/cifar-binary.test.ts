import { existsSync } from 'node:fs';
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '@lethe/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dataset } from '../dataset.ts';
import { openDataset } from '../open-dataset.ts';
import { dataFolder, temporaryFolder } from '../testing/folders.ts';

/** A CIFAR-10 record whose red, green and blue planes count up from three different starts. */
function record(label: number, start: number): Uint8Array {
  return Uint8Array.from({ length: 3073 }, (_, i) =>
    i === 0 ? label : (start + 100 * Math.floor((i - 1) / 1024) + (i - 1)) % 256,
  );
}

async function writeBatches(folder: string): Promise<void> {
  for (let batch = 1; batch <= 5; batch++) {
    const bytes = Buffer.concat([record(batch, 0), record(9 - batch, batch)]);
    await writeFile(join(folder, `data_batch_${batch}.bin`), bytes);
  }
  await writeFile(join(folder, 'test_batch.bin'), record(3, 7));
}

const source = (path: string, split = 'train', options: Record<string, string> = {}) => ({
  kind: 'cifar10-binary',
  path,
  split,
  options,
});

describe('CIFAR-10 binary', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await temporaryFolder();
    await writeBatches(folder);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('numbers the rows of the five batches through and names each by batch and position', async () => {
    await using dataset = await openDataset(source(folder));
    expect(dataset.size).toBe(10);
    expect(dataset.shape).toEqual([32, 32, 3]);
    expect(dataset.sampleId(0)).toBe('data_batch_1/0');
    expect(dataset.sampleId(9)).toBe('data_batch_5/1');
    expect(Array.from({ length: 10 }, (_, row) => dataset.label(row))).toEqual([
      1, 8, 2, 7, 3, 6, 4, 5, 5, 4,
    ]);
  });

  it('gives channels-last values in [0, 1] from the planes of the file', async () => {
    await using dataset = await openDataset(source(folder));
    const { values, labels } = await dataset.read([9, 0]);
    expect([...labels]).toEqual([4, 1]);
    expect(values.length).toBe(2 * 3072);
    // Row 9 starts at 5: pixel 0 is (5, 105 + 1024 mod 256, 205 + 2048 mod 256) of 255.
    expect([...values.subarray(0, 3)]).toEqual([5, 105, 205].map((v) => Math.fround(v / 255)));
    expect(values[3072 + 3 * 40]).toBe(Math.fround(40 / 255));
  });

  it('takes the stored pixels without the label as the bytes of a sample', async () => {
    await using dataset = await openDataset(source(folder));
    const [sample] = await dataset.sampleBytes([3]);
    expect(sha256(sample!)).toBe(sha256(record(0, 2).subarray(1)));
  });

  it('finds the batches in the folder around theirs', async () => {
    const outer = await temporaryFolder();
    await mkdir(join(outer, 'cifar-10-batches-bin'));
    await copyFile(
      join(folder, 'test_batch.bin'),
      join(outer, 'cifar-10-batches-bin', 'test_batch.bin'),
    );
    await using dataset = await openDataset(source(outer, 'test'));
    expect(dataset.size).toBe(1);
    await rm(outer, { recursive: true });
  });

  it('names a test image by its official index when some are missing', async () => {
    const partial = await temporaryFolder();
    await writeFile(
      join(partial, 'test_batch_9980.bin'),
      Buffer.concat([record(1, 0), record(2, 1)]),
    );
    await writeFile(
      join(partial, 'test_batch_9980.index.json'),
      JSON.stringify({ official_index_of_each_record: [4, 17] }),
    );
    await using dataset = await openDataset(source(partial, 'test'));
    expect([0, 1].map((row) => dataset.sampleId(row))).toEqual(['test_batch/4', 'test_batch/17']);
    await rm(partial, { recursive: true });
  });

  it.each(['{', 'null', '{"official_index_of_each_record":[1]}'])(
    'refuses the index file %s for two records',
    async (text) => {
      const partial = await temporaryFolder();
      const records = Buffer.concat([record(1, 0), record(2, 1)]);
      await writeFile(join(partial, 'test_batch_9980.bin'), records);
      await writeFile(join(partial, 'test_batch_9980.index.json'), text);
      await expect(openDataset(source(partial, 'test'))).rejects.toThrow(
        /index\.json: official_index.*must list one index for each of the 2 records/,
      );
      await rm(partial, { recursive: true });
    },
  );

  it.each([-1, 10, 0.5, Number.NaN])('refuses row %s', async (row) => {
    await using dataset = await openDataset(source(folder));
    await expect(dataset.read([row])).rejects.toMatchObject({ code: 'invalid' });
  });

  it('refuses a folder that is not there, naming it', async () => {
    await expect(openDataset(source(join(folder, 'nowhere')))).rejects.toThrow(
      /nowhere.data_batch_1\.bin: it does not exist/,
    );
  });

  it('refuses a file cut in the middle of a record', async () => {
    const cut = await temporaryFolder();
    await writeFile(join(cut, 'test_batch.bin'), new Uint8Array(4000));
    await expect(openDataset(source(cut, 'test'))).rejects.toThrow(
      /test_batch\.bin = "4000 bytes": must hold whole records of 3073 bytes/,
    );
    await rm(cut, { recursive: true });
  });

  it('refuses a label out of range, naming file, record and offset', async () => {
    const damaged = await temporaryFolder();
    await writeFile(join(damaged, 'test_batch.bin'), Buffer.concat([record(1, 0), record(10, 0)]));
    await expect(openDataset(source(damaged, 'test'))).rejects.toThrow(
      /test_batch\.bin, record 1, byte 3073 = "10": must be a label from 0 to 9/,
    );
    await rm(damaged, { recursive: true });
  });

  it('says so when a file was cut after it was opened', async () => {
    const shrinking = await temporaryFolder();
    const file = join(shrinking, 'test_batch.bin');
    await writeFile(file, record(1, 0));
    await using dataset = await openDataset(source(shrinking, 'test'));
    await writeFile(file, new Uint8Array(100));
    await expect(dataset.read([0])).rejects.toMatchObject({ code: 'corrupt' });
    await rm(shrinking, { recursive: true });
  });

  it('refuses options and splits that it does not have', async () => {
    await expect(openDataset(source(folder, 'train', { labels: 'fine' }))).rejects.toThrow(
      /options\.labels/,
    );
    await expect(openDataset(source(folder, 'validation'))).rejects.toThrow(/split = "validation"/);
  });
});

describe('CIFAR-100 binary', () => {
  it('takes the fine label, or the coarse one on demand', async () => {
    const folder = await temporaryFolder();
    const bytes = Buffer.concat([Uint8Array.of(11), record(77, 9)]);
    await writeFile(join(folder, 'train.bin'), bytes);
    const options = { kind: 'cifar100-binary', path: folder, split: 'train' };
    await using fine = await openDataset({ ...options, options: {} });
    await using coarse = await openDataset({ ...options, options: { labels: 'coarse' } });
    expect([fine.classCount, fine.label(0)]).toEqual([100, 77]);
    expect([coarse.classCount, coarse.label(0)]).toEqual([20, 11]);
    expect(fine.sampleId(0)).toBe('train/0');
    const [sample] = await fine.sampleBytes([0]);
    expect(sample).toEqual(new Uint8Array(bytes.subarray(2)));
    await rm(folder, { recursive: true });
  });
});

const real = join(dataFolder, 'cifar-10-batches-bin');
describe.skipIf(!existsSync(real))('CIFAR-10 itself (skipped without LETHE_DATA_DIR)', () => {
  const count = (dataset: Dataset) => {
    const counts = new Array<number>(10).fill(0);
    for (let row = 0; row < dataset.size; row++) counts[dataset.label(row)]!++;
    return counts;
  };

  it('has 50,000 training images, 5,000 of each class, and a frog first', async () => {
    await using dataset = await openDataset(source(dataFolder));
    expect(dataset.size).toBe(50_000);
    expect(count(dataset)).toEqual(new Array(10).fill(5000));
    expect(dataset.classNames[dataset.label(0)]).toBe('frog');
    expect(dataset.sampleId(4711)).toBe('data_batch_1/4711');
    const { values } = await dataset.read([0]);
    // Top left pixel of the first image: (59, 62, 63).
    expect([...values.subarray(0, 3)]).toEqual([59, 62, 63].map((v) => Math.fround(v / 255)));
  });

  it('has 9,980 of 10,000 test images: 19 ships and one horse are missing', async () => {
    await using dataset = await openDataset(source(dataFolder, 'test'));
    expect(dataset.size).toBe(9980);
    expect(count(dataset)).toEqual([1000, 1000, 1000, 1000, 1000, 1000, 1000, 999, 981, 1000]);
    expect(dataset.classNames[dataset.label(0)]).toBe('cat');
  });
});
