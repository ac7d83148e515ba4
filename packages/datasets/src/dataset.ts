/** Samples of one batch, as read: not yet preprocessed for a network. */
export interface SampleBatch {
  /** Row-major [n, ...shape] float32. Images: pixels in [0, 1], channels last. Vectors: as stored. */
  readonly values: Float32Array;
  /** [n] int32, 0 ≤ label < classCount. */
  readonly labels: Int32Array;
}

/**
 * A labelled data set, read by row. Rows are 0 … size − 1 in the order of the source's files.
 * Memory stays flat whatever the size.
 */
export interface Dataset extends AsyncDisposable {
  /** Shape of one sample, without the batch axis: [height, width, channels] or [features]. */
  readonly shape: readonly number[];
  readonly classCount: number;
  readonly classNames: readonly string[];
  readonly size: number;
  /** True for images: values lie in [0, 1] and can be flipped, shifted and mixed as pictures. */
  readonly isImage: boolean;
  /** Stable id of a row, for example `data_batch_1/4711`. */
  sampleId(row: number): string;
  /** The bytes that a sample's SHA-256 is taken over, label excluded. */
  sampleBytes(row: number): Promise<Uint8Array>;
  label(row: number): number;
  /** @throws LetheError `invalid` for a row out of range, `corrupt` for unreadable data */
  read(rows: ArrayLike<number>): Promise<SampleBatch>;
}
