/**
 * CIFAR-10 and CIFAR-100, binary version (Krizhevsky 2009): per record the label bytes, then 3072
 * pixel bytes in planes (1024 red, 1024 green, 1024 blue), each row-major 32 × 32.
 */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type DatasetSource, LetheError } from '@lethe/contracts';
import { exists, fileError } from '../data-file.ts';
import { openAll, type RecordFile, RecordFiles } from '../record-files.ts';
import { SourceOptions, trainOrTest } from '../source-options.ts';
import type { SampleLayout } from '../stored-dataset.ts';

const side = 32;
const planeBytes = side * side;
const pixelBytes = 3 * planeBytes;

interface Variant {
  readonly folder: string;
  readonly labelBytes: number;
  /** Which of the label bytes is the class. */
  readonly labelIndex: number;
  readonly classCount: number;
  readonly classNamesFile: string;
  readonly files: { readonly train: readonly string[]; readonly test: readonly string[] };
  /** Stand in for the test files when those are not there. */
  readonly testInstead?: string;
}

const cifar10: Variant = {
  folder: 'cifar-10-batches-bin',
  labelBytes: 1,
  labelIndex: 0,
  classCount: 10,
  classNamesFile: 'batches.meta.txt',
  files: {
    train: [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`),
    test: ['test_batch.bin'],
  },
  testInstead: 'test_batch_9980.bin',
};

const cifar100Fine: Variant = {
  folder: 'cifar-100-binary',
  labelBytes: 2,
  labelIndex: 1,
  classCount: 100,
  classNamesFile: 'fine_label_names.txt',
  files: { train: ['train.bin'], test: ['test.bin'] },
};

const cifar100Coarse: Variant = {
  ...cifar100Fine,
  labelIndex: 0,
  classCount: 20,
  classNamesFile: 'coarse_label_names.txt',
};

/** Kind `cifar10-binary`: path is the folder with the batches, or the one around it. */
export function openCifar10(source: DatasetSource): Promise<SampleLayout> {
  new SourceOptions(source, []);
  return openCifar(source, cifar10);
}

/** Kind `cifar100-binary`; option `labels`: `fine` (default, 100 classes) or `coarse` (20). */
export function openCifar100(source: DatasetSource): Promise<SampleLayout> {
  const options = new SourceOptions(source, ['labels']);
  const labels = options.oneOf('labels', ['fine', 'coarse']);
  return openCifar(source, labels === 'fine' ? cifar100Fine : cifar100Coarse);
}

async function openCifar(source: DatasetSource, variant: Variant): Promise<SampleLayout> {
  const split = trainOrTest(source);
  const nested = join(source.path, variant.folder);
  const folder = (await exists(nested)) ? nested : source.path;
  const files = await filesOf(folder, variant, split);
  const recordBytes = variant.labelBytes + pixelBytes;
  const records = new RecordFiles(
    await openAll(files, async (file, handle): Promise<RecordFile> => {
      const { size } = await handle.stat().catch((cause: unknown) => {
        throw fileError(file, cause);
      });
      if (size === 0 || size % recordBytes !== 0) {
        throw LetheError.invalid(
          file,
          `${size} bytes`,
          `must hold whole records of ${recordBytes} bytes, but ${size % recordBytes} bytes are left over after ${Math.floor(size / recordBytes)}`,
          `It is cut short or no ${variant.folder} file: fetch it again.`,
        );
      }
      return { file, handle, start: 0, recordCount: size / recordBytes };
    }),
    recordBytes,
  );
  try {
    const classNames = await readClassNames(join(folder, variant.classNamesFile), variant);
    const labels = await readLabels(records, variant);
    const indexes =
      split === 'test' ? await officialIndexes(files[0]!, records.recordCount) : undefined;
    return cifarLayout(records, variant, classNames, labels, indexes);
  } catch (error) {
    await records[Symbol.asyncDispose]();
    throw error;
  }
}

async function filesOf(
  folder: string,
  variant: Variant,
  split: 'train' | 'test',
): Promise<string[]> {
  const files = variant.files[split].map((name) => join(folder, name));
  if (split === 'test' && variant.testInstead !== undefined && !(await exists(files[0]!))) {
    const instead = join(folder, variant.testInstead);
    if (await exists(instead)) return [instead];
  }
  return files;
}

async function readClassNames(file: string, variant: Variant): Promise<string[]> {
  const fallback = Array.from({ length: variant.classCount }, (_, i) => `class ${i}`);
  if (!(await exists(file))) return fallback;
  const names = (await readFile(file, 'utf8'))
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (names.length === variant.classCount) return names;
  throw LetheError.invalid(
    file,
    `${names.length} names`,
    `must name ${variant.classCount} classes, one a line`,
    'Fetch it again, or remove it to do without names.',
  );
}

async function readLabels(records: RecordFiles, variant: Variant): Promise<Uint8Array> {
  const labels = new Uint8Array(records.recordCount);
  await records.scan((record, row) => {
    const label = record[variant.labelIndex]!;
    if (label >= variant.classCount) {
      const { file, index, offset } = records.place(row);
      throw LetheError.invalid(
        `${file}, record ${index}, byte ${offset + variant.labelIndex}`,
        label,
        `must be a label from 0 to ${variant.classCount - 1}`,
        `The file is damaged or of another format than ${variant.folder}: fetch it again.`,
      );
    }
    labels[row] = label;
  });
  return labels;
}

/** A test file with records left out may say which ones it has: `<name>.index.json` beside it. */
async function officialIndexes(file: string, recordCount: number): Promise<number[] | undefined> {
  const indexFile = file.replace(/\.bin$/, '.index.json');
  if (!(await exists(indexFile))) return undefined;
  const indexes = parseIndexes(await readFile(indexFile, 'utf8'));
  if (Array.isArray(indexes) && indexes.length === recordCount) return indexes;
  throw LetheError.invalid(
    `${indexFile}: official_index_of_each_record`,
    indexes?.length,
    `must list one index for each of the ${recordCount} records of ${file}`,
    'Fetch it again, or remove it to number the records as they come.',
  );
}

function parseIndexes(text: string): number[] | undefined {
  try {
    return (JSON.parse(text) as { official_index_of_each_record?: number[] } | null)
      ?.official_index_of_each_record;
  } catch {
    return undefined;
  }
}

function cifarLayout(
  records: RecordFiles,
  variant: Variant,
  classNames: readonly string[],
  labels: Uint8Array,
  indexes: readonly number[] | undefined,
): SampleLayout {
  return {
    shape: [side, side, 3],
    classNames,
    isImage: true,
    labels,
    sampleId(row) {
      const { file, index } = records.place(row);
      const batch = basename(file, '.bin');
      // The same image has the same id, whether its file is complete or not.
      return indexes === undefined ? `${batch}/${index}` : `test_batch/${indexes[row]}`;
    },
    async sampleBytes(rows) {
      const found = await records.read(rows);
      return found.map((record) => record.subarray(variant.labelBytes));
    },
    decode: planesToChannelsLast,
    [Symbol.asyncDispose]: () => records[Symbol.asyncDispose](),
  };
}

/** [3, 32, 32] bytes → [32, 32, 3] float32 in [0, 1]. */
function planesToChannelsLast(sample: Uint8Array, into: Float32Array): void {
  if (sample.length !== pixelBytes || into.length !== pixelBytes) {
    throw new LetheError(
      'corrupt',
      `a CIFAR sample has ${pixelBytes} bytes, this one ${sample.length}`,
    );
  }
  for (let pixel = 0; pixel < planeBytes; pixel++) {
    into[3 * pixel] = sample[pixel]! / 255;
    into[3 * pixel + 1] = sample[planeBytes + pixel]! / 255;
    into[3 * pixel + 2] = sample[2 * planeBytes + pixel]! / 255;
  }
}
