import type { Readable } from 'node:stream';

/** Headers of a conditional write (RFC 9110, 13.1). */
export type ConditionHeaders =
  | Readonly<Record<string, never>>
  | { readonly 'if-none-match': '*' }
  | { readonly 'if-match': string };

/** Bytes to send, whose SHA-256 is known before. */
export interface S3Body {
  readonly sizeBytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
  /** A new stream each time, or all bytes. */
  readonly open: () => Readable | Buffer;
}

export interface S3Object {
  readonly body: Readable;
  readonly sizeBytes: number;
  readonly etag: string;
}

export interface S3Entry {
  readonly name: string;
  readonly etag: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

export interface S3Version {
  readonly versionId: string;
  /** What a deletion without a version leaves in a versioned bucket. */
  readonly isDeleteMarker: boolean;
}

export interface S3Page<T> {
  readonly entries: readonly T[];
  readonly isLast: boolean;
}

export interface BucketSettings {
  readonly versioning: 'off' | 'enabled' | 'suspended';
  /** How long an object lock keeps new objects by default: `COMPLIANCE 30 DAYS`; empty: none. */
  readonly defaultRetention: string;
}

/** One bucket as its server's own verbs; throws what the wire says (see failureOf). */
export interface S3Bucket extends Disposable {
  get(name: string): Promise<S3Object>;
  /** The tag of an object. */
  head(name: string): Promise<string>;
  /** One PUT, however big; the new tag. */
  put(name: string, body: S3Body, conditions: ConditionHeaders): Promise<string>;
  /** Objects in the order of their names, those after `after` only. */
  list(prefix: string, after: string): Promise<S3Page<S3Entry>>;
  /** Versions of one object, delete markers too. */
  versions(name: string): Promise<S3Page<S3Version>>;
  deleteVersion(name: string, versionId: string): Promise<void>;
  exists(): Promise<boolean>;
  /** Makes the bucket, without versioning and without object lock. */
  create(): Promise<void>;
  settings(): Promise<BucketSettings>;
}
