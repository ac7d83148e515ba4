/** Samples of one batch, as read: not yet preprocessed for a network. */
export interface SampleBatch {
  /** Row-major [n, ...shape] float32. Images: pixels in [0, 1], channels last. Vectors: as stored. */
  readonly values: Float32Array;
  /** [n] int32, 0 ≤ label < classCount. */
  readonly labels: Int32Array;
}

/**
 * A labelled data set, read by row. Rows are 0 … size − 1 in the order of the source's files.
 * Samples stay on disk: memory holds labels and, where the source has them, file names.
 */
export interface Dataset extends AsyncDisposable {
  /** Shape of one sample, without the batch axis: [height, width, channels] or [features]. */
  readonly shape: readonly number[];
  readonly classCount: number;
  readonly classNames: readonly string[];
  readonly size: number;
  /** True for images: values lie in [0, 1] and can be flipped, shifted and mixed as pictures. */
  readonly isImage: boolean;
  /** Stable id of a row, for example `data_batch_1/4711`. @throws LetheError `invalid` out of range */
  sampleId(row: number): string;
  /** @throws LetheError `invalid` for a row out of range */
  label(row: number): number;
  /**
   * The bytes that each sample's SHA-256 is taken over, in the order of `rows`: as stored, label
   * excluded. Neighbouring rows are read together.
   * @throws LetheError `invalid` for a row out of range, `corrupt` for unreadable data
   */
  sampleBytes(rows: ArrayLike<number>): Promise<Uint8Array[]>;
  /**
   * Turns the stored bytes of one sample into its values.
   * @param into float32, as long as the product of `shape`
   * @throws LetheError `corrupt` for bytes that are no sample of this set
   */
  decode(sample: Uint8Array, into: Float32Array): void;
  /** @throws LetheError `invalid` for a row out of range, `corrupt` for unreadable data */
  read(rows: ArrayLike<number>): Promise<SampleBatch>;
}
