import { LetheError } from '@lethe/contracts';
import type { Dataset, SampleBatch } from './dataset.ts';

/** How one format keeps its samples. Rows given to it are in range. */
export interface SampleLayout extends AsyncDisposable {
  readonly shape: readonly number[];
  readonly classNames: readonly string[];
  readonly isImage: boolean;
  /** One per row, checked against `classNames`. */
  readonly labels: ArrayLike<number>;
  sampleId(row: number): string;
  sampleBytes(rows: ArrayLike<number>): Promise<Uint8Array[]>;
  decode(sample: Uint8Array, into: Float32Array): void;
}

/** A data set over a layout: checks rows, keeps labels, assembles batches. */
export class StoredDataset implements Dataset {
  readonly shape: readonly number[];
  readonly classNames: readonly string[];
  readonly classCount: number;
  readonly size: number;
  readonly isImage: boolean;
  readonly #layout: SampleLayout;

  constructor(layout: SampleLayout) {
    this.#layout = layout;
    this.shape = layout.shape;
    this.classNames = layout.classNames;
    this.classCount = layout.classNames.length;
    this.size = layout.labels.length;
    this.isImage = layout.isImage;
  }

  sampleId(row: number): string {
    return this.#layout.sampleId(this.#checked(row));
  }

  label(row: number): number {
    return this.#layout.labels[this.#checked(row)]!;
  }

  async sampleBytes(rows: ArrayLike<number>): Promise<Uint8Array[]> {
    for (let i = 0; i < rows.length; i++) this.#checked(rows[i]!);
    return this.#layout.sampleBytes(rows);
  }

  decode(sample: Uint8Array, into: Float32Array): void {
    this.#layout.decode(sample, into);
  }

  async read(rows: ArrayLike<number>): Promise<SampleBatch> {
    const samples = await this.sampleBytes(rows);
    return decodeBatch(this, samples, rows);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#layout[Symbol.asyncDispose]();
  }

  #checked(row: number): number {
    if (Number.isInteger(row) && row >= 0 && row < this.size) return row;
    throw LetheError.invalid(
      'row',
      row,
      `must be a whole number from 0 to ${this.size - 1}`,
      'Ask for rows that the data set has.',
    );
  }
}

/** Decodes stored samples (one per row) into a batch. */
export function decodeBatch(
  dataset: Dataset,
  samples: readonly Uint8Array[],
  rows: ArrayLike<number>,
): SampleBatch {
  const valueCount = dataset.shape.reduce((product, extent) => product * extent, 1);
  const values = new Float32Array(rows.length * valueCount);
  const labels = new Int32Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    try {
      dataset.decode(samples[i]!, values.subarray(i * valueCount, (i + 1) * valueCount));
    } catch (cause) {
      const message = `sample ${dataset.sampleId(rows[i]!)} cannot be read: ${LetheError.from(cause).message}`;
      throw new LetheError('corrupt', message, { cause });
    }
    labels[i] = dataset.label(rows[i]!);
  }
  return { values, labels };
}
