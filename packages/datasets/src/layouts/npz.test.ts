import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDataset } from '../open-dataset.ts';
import { temporaryFolder } from '../testing/folders.ts';
import { type ArrayToWrite, writeNpz } from '../testing/npz-writer.ts';
import { compressedArchive, plainArchive } from '../testing/numpy-archives.ts';

let folder = '';
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => rm(folder, { recursive: true }));

async function open(content: Uint8Array, split = '', options: Record<string, string> = {}) {
  const path = join(folder, 'data.npz');
  await writeFile(path, content);
  return openDataset({ kind: 'npz', path, split, options });
}

const f4 = (shape: number[], values: number[]): ArrayToWrite => ({
  dtype: '<f4',
  shape,
  data: new Uint8Array(Float32Array.from(values).buffer),
});
const u1 = (shape: number[], values: number[]): ArrayToWrite => ({
  dtype: '|u1',
  shape,
  data: Uint8Array.from(values),
});
const i8 = (values: number[], shape = [values.length]): ArrayToWrite => ({
  dtype: '<i8',
  shape,
  data: new Uint8Array(BigInt64Array.from(values, BigInt).buffer),
});

describe('archives that NumPy wrote', () => {
  it('are read where the arrays lie: byte images and 64-bit labels', async () => {
    await using dataset = await open(Buffer.from(plainArchive, 'base64'));
    expect([dataset.size, dataset.classCount, dataset.isImage]).toEqual([3, 3, true]);
    expect(dataset.shape).toEqual([2, 2, 3]);
    const { values, labels } = await dataset.read([2, 0]);
    expect([...labels]).toEqual([1, 0]);
    expect(values[0]).toBeCloseTo((24 * 7) / 255, 6);
    expect(values[11]).toBeCloseTo(((35 * 7) % 256) / 255, 6);
    expect([...(await dataset.sampleBytes([1]))[0]!]).toEqual(
      Array.from({ length: 12 }, (_, i) => (12 + i) * 7),
    );
  });

  it('are unpacked when they are compressed: vectors, labels in a column, a split', async () => {
    await using dataset = await open(Buffer.from(compressedArchive, 'base64'), 'train');
    expect([dataset.size, dataset.classCount, dataset.isImage]).toEqual([4, 2, false]);
    expect(dataset.shape).toEqual([2]);
    expect(dataset.sampleId(3)).toBe('train/3');
    const { values, labels } = await dataset.read([3, 0]);
    expect([...labels]).toEqual([0, 0]);
    // linspace(-1, 1, 8): steps of 2 / 7.
    expect([...values]).toEqual([5 / 7, 1, -1, -5 / 7].map((v) => expect.closeTo(v, 6)));
  });

  it.each([plainArchive, compressedArchive])('are refused when cut anywhere', async (archive) => {
    const whole = Buffer.from(archive, 'base64');
    for (let length = 0; length < whole.length; length += 29) {
      const opening = open(whole.subarray(0, length), archive === plainArchive ? '' : 'train');
      await expect(opening).rejects.toMatchObject({ code: 'invalid' });
    }
  });
});

describe('arrays of samples', () => {
  it('may have other names', async () => {
    const content = writeNpz({ data: f4([2, 1], [0.5, 7]), target: i8([1, 0]) });
    await using dataset = await open(content, '', { x: 'data', y: 'target' });
    expect([...(await dataset.read([0, 1])).values]).toEqual([0.5, 7]);
  });

  it('may have channels first', async () => {
    const content = writeNpz({ x: f4([1, 3, 1, 2], [0, 0.1, 0.2, 0.3, 0.4, 0.5]), y: i8([0]) });
    await using dataset = await open(content, '', { axes: 'nchw' });
    expect(dataset.shape).toEqual([1, 2, 3]);
    // Pixel (0, 0) has channels 0, 0.2, 0.4.
    const { values } = await dataset.read([0]);
    expect([...values]).toEqual([0, 0.2, 0.4, 0.1, 0.3, 0.5].map(Math.fround));
  });

  it('are grey images without a channel axis', async () => {
    await using dataset = await open(writeNpz({ x: u1([1, 1, 2], [0, 255]), y: i8([0]) }));
    expect(dataset.shape).toEqual([1, 2, 1]);
    expect([...(await dataset.read([0])).values]).toEqual([0, 1]);
  });

  it('may be scaled into range', async () => {
    const x: ArrayToWrite = {
      dtype: '<f8',
      shape: [1, 1, 1],
      data: new Uint8Array(Float64Array.of(51).buffer),
    };
    await using dataset = await open(writeNpz({ x, y: i8([0]) }), '', { scale: String(1 / 255) });
    expect((await dataset.read([0])).values[0]).toBeCloseTo(0.2, 6);
  });

  it('may have as many classes, and of such names, as is said', async () => {
    const content = writeNpz({ x: f4([1, 1], [1]), y: i8([1]) });
    await using named = await open(content, '', { class_names: 'a,b,c' });
    expect(named.classNames).toEqual(['a', 'b', 'c']);
    await using counted = await open(content, '', { classes: '5' });
    expect(counted.classCount).toBe(5);
  });

  it('are refused at the row where a value is unusable', async () => {
    const content = writeNpz({ x: f4([2, 1], [1, Number.NaN]), y: i8([0, 1]) });
    await using dataset = await open(content, 'train', { x: 'x', y: 'y' });
    await expect(dataset.read([0, 1])).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringMatching(/sample train\/1 .*element 0 = "NaN"/),
    });
  });

  const vector = f4([2, 1], [0, 1]);
  it.each<[string, Record<string, ArrayToWrite>, Record<string, string>, RegExp]>([
    [
      'pixels above 1',
      { x: f4([1, 1, 1], [51]), y: i8([0]) },
      {},
      /"51": pixels must lie in \[0, 1\]. Set the option scale/,
    ],
    ['a missing array', { x: vector, z: i8([0, 1]) }, {}, /array = "y": is not there, only x, z/],
    [
      'too few labels',
      { x: vector, y: i8([0]) },
      {},
      /"2 samples": must have as many as there are labels, 1/,
    ],
    ['a negative label', { x: vector, y: i8([0, -1]) }, {}, /y, row 1 = "-1": must be a label/],
    [
      'a label past the classes',
      { x: vector, y: i8([0, 4]) },
      { classes: '3' },
      /y, row 1 = "4": must be a label from 0 to 2/,
    ],
    ['one-hot labels', { x: vector, y: i8([0, 1, 1, 0], [2, 2]) }, {}, /argmax/],
    ['fractional labels', { x: vector, y: f4([2], [0, 1]) }, {}, /must be whole numbers/],
    ['big-endian numbers', { x: { ...vector, dtype: '>f4' }, y: i8([0, 1]) }, {}, /type = ">f4"/],
    ['Python objects', { x: { ...vector, dtype: '|O' }, y: i8([0, 1]) }, {}, /type = "\|O"/],
    [
      'Fortran order',
      { x: { ...vector, fortranOrder: true }, y: i8([0, 1]) },
      {},
      /ascontiguousarray/,
    ],
    [
      'a header that promises more',
      { x: { ...vector, shape: [2, 9] }, y: i8([0, 1]) },
      {},
      /must have \d+ for \[2,9\] of <f4/,
    ],
    [
      'samples of five axes',
      { x: { ...vector, shape: [2, 1, 1, 1, 1] }, y: i8([0, 1]) },
      {},
      /x: shape = "\[2,1,1,1,1\]"/,
    ],
    [
      'one number per row without axis',
      { x: { ...vector, shape: [2] }, y: i8([0, 1]) },
      {},
      /x: shape/,
    ],
    ['an unknown option', { x: vector, y: i8([0, 1]) }, { axis: 'nchw' }, /options\.axis/],
    [
      'names for other classes',
      { x: vector, y: i8([0, 1]) },
      { classes: '3', class_names: 'a,b' },
      /class_names/,
    ],
  ])('are refused for %s', async (_, arrays, options, message) => {
    await expect(open(writeNpz(arrays), '', options)).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringMatching(message),
    });
  });
});
