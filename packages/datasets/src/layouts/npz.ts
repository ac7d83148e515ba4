/** Arrays of samples and labels in a NumPy `.npz` archive. */
import { type DatasetSource, LetheError } from '@lethe/contracts';
import { readExactly } from '../data-file.ts';
import { RecordFiles } from '../record-files.ts';
import { SourceOptions } from '../source-options.ts';
import type { SampleLayout } from '../stored-dataset.ts';
import { openNpzArray, type StoredArray } from './npz-array.ts';

/**
 * Kind `npz`: path is the file. Samples are `x` [n, features], [n, height, width] or [n, height,
 * width, channels], labels `y` [n]; with a split, `x_train` or `x_test` and so on. Types u1 (read
 * as value / 255), i4, i8, f4, f8; little-endian. Images must lie in [0, 1] once read.
 * Options: `x`, `y` (names of the arrays), `axes` (`nhwc`, or `nchw` for channels first), `scale`
 * (samples are multiplied with it), `classes` (default: the largest label + 1), `class_names`
 * (with commas between).
 * Arrays stored plain are read in place; compressed ones are unpacked once to a temporary file.
 */
export async function openNpz(source: DatasetSource): Promise<SampleLayout> {
  const options = new SourceOptions(source, ['x', 'y', 'axes', 'scale', 'classes', 'class_names']);
  const suffix = source.split === '' ? '' : `_${source.split}`;
  const y = await openNpzArray(source.path, options.text('y') ?? `y${suffix}`);
  const labels = await readLabels(y).finally(() => y.handle.close());
  const classNames = readClassNames(options, labels, y);
  const x = await openNpzArray(source.path, options.text('x') ?? `x${suffix}`);
  try {
    const layout = npzLayout(x, labels, classNames, source.split, options);
    const [first] = await layout.sampleBytes([0]);
    layout.decode(first!, new Float32Array(layout.shape.reduce((a, b) => a * b, 1)));
    return layout;
  } catch (error) {
    await x.handle.close();
    throw error;
  }
}

function npzLayout(
  x: StoredArray,
  labels: ArrayLike<number>,
  classNames: readonly string[],
  split: string,
  options: SourceOptions,
): SampleLayout {
  const { shape, channelsFirst } = sampleShape(x, options.oneOf('axes', ['nhwc', 'nchw']));
  if (x.shape[0] !== labels.length) {
    throw LetheError.invalid(
      x.where,
      `${x.shape[0]} samples`,
      `must have as many as there are labels, ${labels.length}`,
      'Save samples and labels of the same set.',
    );
  }
  const isImage = shape.length === 3;
  const scale = options.number('scale', { least: 1e-12, most: 1e12 }) ?? x.element.scale;
  const valueCount = shape.reduce((product, size) => product * size, 1);
  const recordBytes = valueCount * x.element.bytes;
  const file = { file: x.where, handle: x.handle, start: x.dataStart, recordCount: labels.length };
  const records = new RecordFiles([file], recordBytes);
  const plane = isImage ? shape[0]! * shape[1]! : 1;
  const channels = isImage ? shape[2]! : valueCount;
  return {
    shape,
    classNames,
    isImage,
    labels,
    sampleId: (row) => (split === '' ? String(row) : `${split}/${row}`),
    sampleBytes: (rows) => records.read(rows),
    decode(sample, into) {
      if (sample.length !== recordBytes) {
        throw new LetheError('corrupt', `it has ${sample.length} bytes instead of ${recordBytes}`);
      }
      const view = new DataView(sample.buffer, sample.byteOffset, sample.length);
      for (let i = 0; i < valueCount; i++) {
        const value = x.element.read(view, i * x.element.bytes) * scale;
        if (isImage ? !(value >= 0 && value <= 1) : !Number.isFinite(value)) {
          throw unusable(value, i, isImage);
        }
        into[channelsFirst ? (i % plane) * channels + Math.floor(i / plane) : i] = value;
      }
    },
    [Symbol.asyncDispose]: () => records[Symbol.asyncDispose](),
  };
}

function sampleShape(
  x: StoredArray,
  axes: 'nhwc' | 'nchw',
): { shape: number[]; channelsFirst: boolean } {
  const [, ...sizes] = x.shape;
  if (!x.shape.includes(0)) {
    if (sizes.length === 1) return { shape: sizes, channelsFirst: false };
    if (sizes.length === 2) return { shape: [...sizes, 1], channelsFirst: false };
    if (sizes.length === 3 && axes === 'nhwc') return { shape: sizes, channelsFirst: false };
    if (sizes.length === 3) {
      return { shape: [sizes[1]!, sizes[2]!, sizes[0]!], channelsFirst: true };
    }
  }
  throw LetheError.invalid(
    `${x.where}: shape`,
    `[${x.shape}]`,
    'must be [n, features], [n, height, width] or [n, height, width, channels]',
    'Reshape the array, samples first.',
  );
}

async function readLabels(y: StoredArray): Promise<Int32Array> {
  const count = y.shape[0] ?? 0;
  const flat = y.shape.length === 1 || (y.shape.length === 2 && y.shape[1] === 1);
  if (!flat || count === 0 || !y.element.isInteger) {
    throw LetheError.invalid(
      `${y.where}: shape and type`,
      `[${y.shape}] ${y.dtype}`,
      'must be whole numbers of shape [n]',
      'Save class numbers, not one-hot rows: numpy.argmax(y, 1).',
    );
  }
  const bytes = await readExactly(y.handle, y.where, y.dataStart, count * y.element.bytes);
  const view = new DataView(bytes.buffer);
  return Int32Array.from({ length: count }, (_, row) => {
    const label = y.element.read(view, row * y.element.bytes);
    if (label >= 0 && label < 2 ** 20) return label;
    throw labelOutOfRange(y, row, label, 2 ** 20);
  });
}

function readClassNames(options: SourceOptions, labels: Int32Array, y: StoredArray): string[] {
  const names = options.text('class_names')?.split(',');
  const largest = labels.reduce((most, label) => Math.max(most, label), 0);
  const count =
    options.integer('classes', { least: 2, most: 2 ** 20 }) ??
    names?.length ??
    Math.max(2, largest + 1);
  if (names !== undefined && names.length !== count) {
    throw LetheError.invalid(
      'options.class_names',
      `${names.length} names`,
      `must name ${count} classes`,
      'Put commas between the names, and none in them.',
    );
  }
  if (largest >= count) {
    throw labelOutOfRange(y, labels.indexOf(largest), largest, count);
  }
  return names ?? Array.from({ length: count }, (_, i) => `class ${i}`);
}

function labelOutOfRange(y: StoredArray, row: number, label: number, count: number): LetheError {
  return LetheError.invalid(
    `${y.where}, row ${row}`,
    label,
    `must be a label from 0 to ${count - 1}`,
    'Correct the label, or the option classes.',
  );
}

function unusable(value: number, index: number, isImage: boolean): LetheError {
  return LetheError.invalid(
    `element ${index}`,
    String(value),
    isImage ? 'pixels must lie in [0, 1]' : 'must be a number',
    isImage
      ? 'Set the option scale, for example to 0.00392156862745098 (1/255) for pixels up to 255.'
      : 'Replace NaN and infinity before saving.',
  );
}
