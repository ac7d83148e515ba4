import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDataset } from '../open-dataset.ts';
import { dataFolder, temporaryFolder } from '../testing/folders.ts';

function idx(magic: number, sizes: readonly number[], data: readonly number[]): Buffer {
  const header = Buffer.alloc(4 + 4 * sizes.length);
  [magic, ...sizes].forEach((value, i) => {
    header.writeUInt32BE(value, 4 * i);
  });
  return Buffer.concat([header, Uint8Array.from(data)]);
}

/** Three images of 2 × 1. */
const images = idx(0x803, [3, 2, 1], [0, 255, 51, 102, 153, 204]);
const labels = idx(0x801, [3], [7, 0, 9]);

let folder = '';
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => rm(folder, { recursive: true }));

async function open(files: Record<string, Uint8Array>, options: Record<string, string> = {}) {
  const path = await temporaryFolder();
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(path, name), bytes);
  try {
    return await openDataset({ kind: 'mnist-idx', path, split: 'test', options });
  } finally {
    await rm(path, { recursive: true });
  }
}

describe('MNIST idx files', () => {
  it.each<[string, Record<string, Uint8Array>]>([
    ['plain', { 't10k-images-idx3-ubyte': images, 't10k-labels-idx1-ubyte': labels }],
    [
      'gzipped',
      {
        't10k-images-idx3-ubyte.gz': gzipSync(images),
        't10k-labels-idx1-ubyte.gz': gzipSync(labels),
      },
    ],
    ['with dots', { 't10k-images.idx3-ubyte': images, 't10k-labels.idx1-ubyte': labels }],
  ])('are read, %s', async (_, files) => {
    await using dataset = await open(files);
    expect([dataset.size, dataset.classCount, ...dataset.shape]).toEqual([3, 10, 2, 1, 1]);
    expect(dataset.sampleId(1)).toBe('t10k/1');
    const { values, labels: read } = await dataset.read([2, 0]);
    expect([...read]).toEqual([9, 7]);
    expect([...values]).toEqual([0.6, 0.8, 0, 1].map(Math.fround));
  });

  const good = { 't10k-images-idx3-ubyte': images, 't10k-labels-idx1-ubyte': labels };
  it.each<[string, Record<string, Uint8Array>, RegExp]>([
    ['no files', {}, /t10k-images-idx3-ubyte: it does not exist, nor does it with the ending \.gz/],
    [
      'a foreign magic number',
      { ...good, 't10k-images-idx3-ubyte': idx(0x801, [3, 2, 1], [0, 0, 0, 0, 0, 0]) },
      /images-idx3-ubyte = "0x801": the magic number must be 0x803/,
    ],
    [
      'a file of a few bytes',
      { ...good, 't10k-images-idx3-ubyte': images.subarray(0, 9) },
      /"9 bytes": the header has 16/,
    ],
    [
      'a cut file',
      { ...good, 't10k-images-idx3-ubyte': images.subarray(0, -1) },
      /"21 bytes": \[3,2,1\] items need 22/,
    ],
    [
      'no image at all',
      { ...good, 't10k-images-idx3-ubyte': idx(0x803, [0, 2, 1], []) },
      /\[0,2,1\]/,
    ],
    [
      'fewer labels than images',
      { ...good, 't10k-labels-idx1-ubyte': idx(0x801, [2], [1, 2]) },
      /"2 labels": must have one label for each of the 3 images/,
    ],
    [
      'a label out of range',
      { ...good, 't10k-labels-idx1-ubyte': idx(0x801, [3], [1, 10, 2]) },
      /item 1, byte 9 = "10": must be a label from 0 to 9/,
    ],
  ])('are refused for %s', async (_, files, message) => {
    await expect(open(files)).rejects.toThrow(message);
  });

  it('are refused for a gzip cut short or damaged', async () => {
    const packed = gzipSync(images);
    const name = 't10k-images-idx3-ubyte.gz';
    const withImages = (bytes: Uint8Array) =>
      open({ [name]: bytes, 't10k-labels-idx1-ubyte': labels });
    await expect(withImages(packed.subarray(0, -9))).rejects.toThrow(
      /\.gz = .*cut short or damaged/,
    );
    await expect(withImages(Buffer.from('no gzip at all'))).rejects.toThrow(/cut short or damaged/);
  });

  it('may have more classes where that is said', async () => {
    const files = { ...good, 't10k-labels-idx1-ubyte': idx(0x801, [3], [1, 25, 2]) };
    await using dataset = await open(files, { classes: '26' });
    expect(dataset.label(1)).toBe(25);
  });
});

describe.skipIf(!existsSync(join(dataFolder, 'mnist')))(
  'MNIST itself (skipped without LETHE_DATA_DIR)',
  () => {
    it.each([
      ['train', 60_000, 5],
      ['test', 10_000, 7],
    ])('%s has %i images of 28 × 28, a %i first', async (split, size, first) => {
      const source = { kind: 'mnist-idx', path: dataFolder, split, options: {} };
      await using dataset = await openDataset(source);
      expect(dataset.size).toBe(size);
      expect(dataset.shape).toEqual([28, 28, 1]);
      expect(dataset.label(0)).toBe(first);
      const { values } = await dataset.read([0, size - 1]);
      expect(Math.max(...values)).toBe(1);
      expect(values[0]).toBe(0);
    });
  },
);
