/**
 * MNIST and its kin in idx files (LeCun, Cortes, Burges): big-endian magic number and sizes, then
 * bytes. Plain or gzipped; a gzipped file is unpacked once to a temporary file.
 */
import { createReadStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { type DatasetSource, LetheError } from '@lethe/contracts';
import { exists, openDataFile, readExactly } from '../data-file.ts';
import { RecordFiles } from '../record-files.ts';
import { SourceOptions, trainOrTest } from '../source-options.ts';
import type { SampleLayout } from '../stored-dataset.ts';
import { unpack } from '../unpacked-file.ts';

const imagesMagic = 0x803;
const labelsMagic = 0x801;

/**
 * Kind `mnist-idx`: path is the folder with `train-images-idx3-ubyte` and so on, or the one around
 * a folder `mnist`. Option `classes` (10) for other sets in the same format.
 */
export async function openMnist(source: DatasetSource): Promise<SampleLayout> {
  const options = new SourceOptions(source, ['classes']);
  const classCount = options.integer('classes', { least: 2, most: 256 }) ?? 10;
  const prefix = trainOrTest(source) === 'train' ? 'train' : 't10k';
  const images = await openIdx(await locate(source.path, `${prefix}-images`, 'idx3'), imagesMagic);
  try {
    const labels = await readLabels(source.path, prefix, classCount, images);
    return mnistLayout(images, labels, prefix, classCount);
  } catch (error) {
    await images.handle.close();
    throw error;
  }
}

interface Idx {
  readonly file: string;
  readonly handle: FileHandle;
  /** [n] or [n, height, width] */
  readonly sizes: readonly number[];
  /** Byte offset of the first item. */
  readonly start: number;
}

function mnistLayout(
  images: Idx,
  labels: Uint8Array,
  prefix: string,
  classCount: number,
): SampleLayout {
  const [recordCount, height, width] = images.sizes as [number, number, number];
  const sampleLength = height * width;
  const { file, handle, start } = images;
  const records = new RecordFiles([{ file, handle, start, recordCount }], sampleLength);
  return {
    shape: [height, width, 1],
    classNames: Array.from({ length: classCount }, (_, i) => String(i)),
    isImage: true,
    labels,
    sampleId: (row) => `${prefix}/${row}`,
    sampleBytes: (rows) => records.read(rows),
    decode(sample, into) {
      if (sample.length !== sampleLength) {
        throw new LetheError(
          'corrupt',
          `a sample of this set has ${sampleLength} bytes, this one ${sample.length}`,
        );
      }
      for (let i = 0; i < sampleLength; i++) into[i] = sample[i]! / 255;
    },
    [Symbol.asyncDispose]: () => records[Symbol.asyncDispose](),
  };
}

async function readLabels(
  path: string,
  prefix: string,
  classCount: number,
  images: Idx,
): Promise<Uint8Array> {
  const { file, handle, sizes, start } = await openIdx(
    await locate(path, `${prefix}-labels`, 'idx1'),
    labelsMagic,
  );
  try {
    const count = sizes[0]!;
    if (count !== images.sizes[0]) {
      throw LetheError.invalid(
        file,
        `${count} labels`,
        `must have one label for each of the ${images.sizes[0]} images of ${images.file}`,
        'Take both files from the same set.',
      );
    }
    const labels = await readExactly(handle, file, start, count);
    const wrong = labels.findIndex((label) => label >= classCount);
    if (wrong < 0) return labels;
    throw LetheError.invalid(
      `${file}, item ${wrong}, byte ${start + wrong}`,
      labels[wrong],
      `must be a label from 0 to ${classCount - 1}`,
      'Fetch it again, or set the option classes if the set has more.',
    );
  } finally {
    await handle.close();
  }
}

/** The file under its two usual spellings, plain before gzipped, here or in the folder `mnist`. */
async function locate(path: string, stem: string, suffix: string): Promise<string> {
  const names = [`${stem}-${suffix}-ubyte`, `${stem}.${suffix}-ubyte`];
  const files = [path, join(path, 'mnist')].flatMap((folder) =>
    names.flatMap((name) => [join(folder, name), join(folder, `${name}.gz`)]),
  );
  for (const file of files) if (await exists(file)) return file;
  throw new LetheError(
    'not_found',
    `cannot read ${files[0]}: it does not exist, nor does it with the ending .gz. Check the path of the data set`,
  );
}

async function openIdx(file: string, magic: number): Promise<Idx> {
  const { handle, sizeBytes } = file.endsWith('.gz')
    ? await unpack(file, createReadStream(file), createGunzip())
    : await openPlain(file);
  try {
    const dimensions = magic & 0xff;
    const start = 4 + 4 * dimensions;
    if (sizeBytes < start) throw notIdx(file, `${sizeBytes} bytes`, `the header has ${start}`);
    const header = Buffer.from(await readExactly(handle, file, 0, start));
    const found = header.readUInt32BE(0);
    if (found !== magic) {
      throw notIdx(
        file,
        `0x${found.toString(16)}`,
        `the magic number must be 0x${magic.toString(16)}`,
      );
    }
    const sizes = Array.from({ length: dimensions }, (_, i) => header.readUInt32BE(4 + 4 * i));
    const expected = start + sizes.reduce((product, size) => product * size, 1);
    if (sizeBytes !== expected || sizes.includes(0)) {
      throw notIdx(file, `${sizeBytes} bytes`, `[${sizes}] items need ${expected}`);
    }
    return { file, handle, sizes, start };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function openPlain(file: string): Promise<{ handle: FileHandle; sizeBytes: number }> {
  const handle = await openDataFile(file);
  return { handle, sizeBytes: (await handle.stat()).size };
}

function notIdx(file: string, found: string, rule: string): LetheError {
  return LetheError.invalid(
    file,
    found,
    rule,
    'It is cut short or another kind of file: fetch it again.',
  );
}
