import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sha256 } from '@lethe/contracts';
import jpeg from 'jpeg-js';
import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';
import type { Dataset } from '../dataset.ts';
import { openDataset } from '../open-dataset.ts';
import { temporaryFolder } from '../testing/folders.ts';

/** A picture of one colour, [red, green, blue]. */
function raster(width: number, height: number, colour: readonly number[]) {
  const data = Buffer.alloc(width * height * 4, 255);
  for (let i = 0; i < data.length; i += 4) data.set(colour, i);
  return { width, height, data };
}

function png(width: number, height: number, colour: readonly number[], colorType: 0 | 2 | 6 = 2) {
  const picture = new PNG({ width, height });
  picture.data = raster(width, height, colour).data;
  return PNG.sync.write(picture, { colorType });
}

const jpg = (width: number, height: number, colour: readonly number[]) =>
  jpeg.encode(raster(width, height, colour), 95).data;

async function withFolder<T>(
  files: Record<string, Uint8Array>,
  work: (open: (extra?: object) => Promise<Dataset>, path: string) => Promise<T>,
): Promise<T> {
  const path = await temporaryFolder();
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(join(path, dirname(name)), { recursive: true });
    await writeFile(join(path, name), bytes);
  }
  const source = { kind: 'image-folder', path, split: '', options: {} };
  try {
    return await work((extra = {}) => openDataset({ ...source, ...extra }), path);
  } finally {
    await rm(path, { recursive: true });
  }
}

const red = [255, 0, 0];
const blue = [0, 51, 255];

describe('a folder of pictures', () => {
  it('has its folders as classes and its files as samples, both sorted', async () => {
    const files = {
      'dog/b.png': png(3, 2, blue),
      'cat/10.png': png(3, 2, red),
      'cat/2.jpg': jpg(3, 2, red),
      'cat/.hidden': Buffer.from('x'),
      'README.txt': Buffer.from('about'),
    };
    await withFolder(files, async (open) => {
      await using dataset = await open();
      expect(dataset.classNames).toEqual(['cat', 'dog']);
      expect([0, 1, 2].map((row) => dataset.sampleId(row))).toEqual([
        'cat/10.png',
        'cat/2.jpg',
        'dog/b.png',
      ]);
      expect(dataset.shape).toEqual([2, 3, 3]);
      const { values, labels } = await dataset.read([2, 0, 1]);
      expect([...labels]).toEqual([1, 0, 0]);
      expect([...values.subarray(0, 3)]).toEqual([0, 0.2, 1].map(Math.fround));
      expect([...values.subarray(33, 36)]).toEqual([1, 0, 0]);
      // JPEG loses a little.
      expect([...values.subarray(36, 39)]).toEqual([1, 0, 0].map((v) => expect.closeTo(v, 1)));
    });
  });

  it('takes the file itself as the bytes of a sample', async () => {
    const file = png(2, 2, red);
    await withFolder({ 'a/1.png': file, 'b/1.png': png(2, 2, blue) }, async (open) => {
      await using dataset = await open();
      expect(sha256((await dataset.sampleBytes([0]))[0]!)).toBe(sha256(file));
    });
  });

  it('is grey when its first picture is, and colour on demand', async () => {
    const files = { 'a/1.png': png(2, 1, [51, 51, 51], 0), 'b/1.png': png(2, 1, [0, 0, 0], 0) };
    await withFolder(files, async (open) => {
      await using grey = await open();
      expect(grey.shape).toEqual([1, 2, 1]);
      expect([...(await grey.read([0])).values]).toEqual([0.2, 0.2].map(Math.fround));
      await using colour = await open({ options: { channels: '3' } });
      expect(colour.shape).toEqual([1, 2, 3]);
    });
  });

  it('may hold splits', async () => {
    const files = { 'train/a/1.png': png(1, 1, red), 'train/b/1.png': png(1, 1, blue) };
    await withFolder(files, async (open) => {
      await using dataset = await open({ split: 'train' });
      expect(dataset.classNames).toEqual(['a', 'b']);
      await expect(open({ split: 'test' })).rejects.toMatchObject({ code: 'not_found' });
    });
  });

  it.each<[string, Record<string, Uint8Array>, RegExp]>([
    [
      'a picture of another size',
      { 'b/2.png': png(2, 3, red) },
      /b.2\.png = "2 x 3": must be 2 x 2 like .*1\.png/,
    ],
    ['a JPEG of another size', { 'b/2.jpg': jpg(4, 2, red) }, /b.2\.jpg = "4 x 2"/],
    [
      'another kind of file',
      { 'b/notes.txt': Buffer.from('x') },
      /notes\.txt = "another kind of file"/,
    ],
    [
      'a file that is no picture',
      { 'b/2.png': Buffer.from('not a picture') },
      /b.2\.png = "it is neither/,
    ],
    [
      'a header cut short',
      { 'b/2.png': png(2, 2, red).subarray(0, 20) },
      /b.2\.png = "it is cut short"/,
    ],
    ['an empty class', { 'c/.keep': Buffer.alloc(0) }, /c = "is an empty folder"/],
  ])('is refused for %s, which is named', async (_, more, message) => {
    const files = { 'a/1.png': png(2, 2, red), 'b/1.png': png(2, 2, blue), ...more };
    await withFolder(files, async (open) => {
      await expect(open()).rejects.toThrow(message);
    });
  });

  it('is refused for colour among grey pictures', async () => {
    const files = { 'a/1.png': png(2, 2, red, 0), 'b/1.png': png(2, 2, blue) };
    await withFolder(files, async (open) => {
      await expect(open()).rejects.toThrow(/b.1\.png = "colour": must be grey/);
    });
  });

  it('is refused with fewer than two classes', async () => {
    await withFolder({ 'a/1.png': png(2, 2, red) }, async (open) => {
      await expect(open()).rejects.toThrow(/has 1 folders of pictures/);
    });
  });

  it.each([
    ['PNG', 'b/1.png', png(40, 30, blue)],
    ['JPEG', 'b/1.jpg', jpg(40, 30, blue)],
  ])('names a %s whose data is cut short, when it is read', async (_, id, whole) => {
    const first = png(40, 30, red);
    for (const share of [0.8, 0.9, 0.97]) {
      const cut = whole.subarray(0, Math.floor(whole.length * share));
      await withFolder({ 'a/1.png': first, [id]: cut }, async (open) => {
        await using dataset = await open();
        await expect(dataset.read([0, 1])).rejects.toMatchObject({
          code: 'corrupt',
          message: expect.stringContaining(`sample ${id} cannot be read`),
        });
      });
    }
  });
});
