/**
 * Labelled pictures in files of their own, decoded when they are read. The SHA-256 of a sample is
 * that of its file, so that anybody who has the file can name it.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LetheError } from '@lethe/contracts';
import jpeg from 'jpeg-js';
import { PNG } from 'pngjs';
import { fileError, openDataFile } from '../data-file.ts';
import { type ImageHeader, parseImageHeader, readImageHeader } from '../image-header.ts';
import type { SampleLayout } from '../stored-dataset.ts';

/** Files open at once. */
const atOnce = 16;
/** Values of one sample; more would be no input of a classifier. */
const mostValues = 1 << 24;

export interface Pictures {
  readonly classNames: readonly string[];
  /** Paths below the root; each is its sample's id. */
  readonly files: readonly string[];
  readonly labels: Int32Array;
}

/**
 * All pictures must have one size. They are grey, [height, width, 1], when the first one is, or as
 * `channels` says; grey ones among colour are spread over the channels. Alpha is ignored, 16 bits
 * are cut to 8.
 */
export async function pictureLayout(
  root: string,
  { classNames, files, labels }: Pictures,
  wanted?: 1 | 3,
): Promise<SampleLayout> {
  const paths = files.map((name) => join(root, name));
  const first = await headerOf(paths[0]!);
  const channels = wanted ?? (first.isGrey ? 1 : 3);
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
    classNames: [...classNames],
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
