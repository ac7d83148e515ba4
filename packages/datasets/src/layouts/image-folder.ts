/**
 * A folder with one folder of pictures for each class. Pictures are decoded when they are read.
 * The SHA-256 of a sample is that of its file, so that anybody who has the file can name it.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type DatasetSource, LetheError } from '@lethe/contracts';
import jpeg from 'jpeg-js';
import { PNG } from 'pngjs';
import { fileError, listFolder, openDataFile } from '../data-file.ts';
import { type ImageHeader, parseImageHeader, readImageHeader } from '../image-header.ts';
import { SourceOptions } from '../source-options.ts';
import type { SampleLayout } from '../stored-dataset.ts';

/** Files open at once. */
const atOnce = 16;
/** Values of one sample; more would be no input of a classifier. */
const mostValues = 1 << 24;

/**
 * Kind `image-folder`: path/CLASS/FILE.png or .jpg, with a split path/SPLIT/CLASS/FILE. Classes are
 * the folders in alphabetical order; files and folders that begin with a dot are passed over. All
 * pictures must have one size. Pictures are grey, [height, width, 1], when the first one is, or as
 * the option `channels` (1 or 3) says; grey ones among colour are spread over the channels. Alpha
 * is ignored, 16 bits are cut to 8.
 */
export async function openImageFolder(source: DatasetSource): Promise<SampleLayout> {
  const options = new SourceOptions(source, ['channels']);
  const wanted = options.oneOf('channels', ['', '1', '3']);
  const root = source.split === '' ? source.path : join(source.path, source.split);
  const { classNames, files, labels } = await findPictures(root);
  const paths = files.map((name) => join(root, name));
  const first = await headerOf(paths[0]!);
  const channels = wanted === '' ? (first.isGrey ? 1 : 3) : Number(wanted);
  const shape = [first.height, first.width, channels];
  if (first.height * first.width * channels > mostValues) {
    throw LetheError.invalid(
      paths[0]!,
      `${first.width} x ${first.height}`,
      `must have at most ${mostValues} values`,
      'Scale the pictures down to the input of the network.',
    );
  }
  await inGroups(paths, async (file) => {
    checkLike(file, await headerOf(file), shape, paths[0]!);
  });
  return {
    shape,
    classNames,
    isImage: true,
    labels,
    sampleId: (row) => files[row]!,
    sampleBytes: (rows) =>
      inGroups(Array.from(rows), (row) => {
        const file = join(root, files[row]!);
        return readFile(file).catch((cause: unknown) => {
          throw fileError(file, cause);
        });
      }),
    decode: (sample, into) => decodePicture(sample, shape, into),
    [Symbol.asyncDispose]: async () => {},
  };
}

interface Pictures {
  readonly classNames: string[];
  /** CLASS/FILE, by class, then by name. */
  readonly files: string[];
  readonly labels: Int32Array;
}

async function findPictures(root: string): Promise<Pictures> {
  const classNames: string[] = [];
  const files: string[] = [];
  const labels: number[] = [];
  for (const className of await visibleNames(root)) {
    if (!(await stat(join(root, className))).isDirectory()) continue;
    const names = await visibleNames(join(root, className));
    for (const name of names) {
      if (!/\.(png|jpe?g)$/i.test(name)) throw notPicture(join(root, className, name));
      files.push(`${className}/${name}`);
      labels.push(classNames.length);
    }
    if (names.length === 0) throw noPictures(join(root, className), 'is an empty folder');
    classNames.push(className);
  }
  if (classNames.length < 2) {
    throw noPictures(root, `has ${classNames.length} folders of pictures, two are the least`);
  }
  return { classNames, files, labels: Int32Array.from(labels) };
}

async function visibleNames(folder: string): Promise<string[]> {
  return (await listFolder(folder)).filter((name) => !name.startsWith('.'));
}

async function headerOf(file: string): Promise<ImageHeader> {
  const handle = await openDataFile(file);
  try {
    return await readImageHeader(handle, file);
  } finally {
    await handle.close();
  }
}

function checkLike(
  file: string,
  { width, height, isGrey }: ImageHeader,
  shape: readonly number[],
  first: string,
): void {
  if (height !== shape[0] || width !== shape[1]) {
    throw LetheError.invalid(
      file,
      `${width} x ${height}`,
      `must be ${shape[1]} x ${shape[0]} like ${first}`,
      'Scale all pictures to the input of the network.',
    );
  }
  if (shape[2] === 1 && !isGrey) {
    throw LetheError.invalid(
      file,
      'colour',
      `must be grey like ${first}`,
      'Set the option channels to 3, or convert it.',
    );
  }
}

/** Stored picture → channels-last float32 in [0, 1]. */
function decodePicture(sample: Uint8Array, shape: readonly number[], into: Float32Array): void {
  const bytes = Buffer.from(sample.buffer, sample.byteOffset, sample.length);
  const header = parseImageHeader(bytes);
  if (typeof header === 'string' || header.height !== shape[0] || header.width !== shape[1]) {
    throw new LetheError('corrupt', `it is no picture of ${shape[1]} x ${shape[0]}`);
  }
  // Both decoders give red, green, blue and alpha.
  const { data } =
    header.format === 'png'
      ? PNG.sync.read(bytes)
      : jpeg.decode(bytes, { useTArray: true, tolerantDecoding: false });
  const channels = shape[2]!;
  for (let pixel = 0; pixel < into.length / channels; pixel++) {
    for (let channel = 0; channel < channels; channel++) {
      into[pixel * channels + channel] = data[pixel * 4 + channel]! / 255;
    }
  }
}

async function inGroups<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let from = 0; from < items.length; from += atOnce) {
    results.push(...(await Promise.all(items.slice(from, from + atOnce).map(work))));
  }
  return results;
}

function notPicture(file: string): LetheError {
  return LetheError.invalid(
    file,
    'another kind of file',
    'must end in .png, .jpg or .jpeg',
    'Take it out of the folder.',
  );
}

function noPictures(folder: string, description: string): LetheError {
  return LetheError.invalid(
    folder,
    description,
    'cannot be read as a folder of labelled pictures',
    'Put the pictures of each class into a folder of its own: PATH/CLASS/FILE.png.',
  );
}
