/**
 * An opaque version tag of an object; changes with every write of other bytes. On S3 it is made of
 * the bytes: who must tell A → B → A apart puts a counter into them.
 */
export type ETag = string;

export interface StoredObject {
  readonly bytes: Uint8Array;
  readonly etag: ETag;
}

export interface ObjectInfo {
  readonly key: string;
  readonly sizeBytes: number;
  readonly etag: ETag;
  readonly modifiedMs: number;
}

/** Condition of a write; without one, it overwrites. */
export type WriteCondition =
  | { readonly kind: 'if-absent' }
  | { readonly kind: 'if-match'; readonly etag: ETag };

export type WriteOutcome =
  | { readonly kind: 'stored'; readonly etag: ETag }
  /** The condition did not hold; nothing was written. */
  | { readonly kind: 'refused' };

/** Bytes in memory, or a file that is streamed. */
export type ObjectBody = Uint8Array | { readonly file: string };

/**
 * A store of named objects with conditional writes: five verbs, S3's semantics.
 * Adapters: {@link FolderStore} (embedded), {@link MinioStore}; all pass `describeObjectStore` in
 * store-contract.ts.
 *
 * Keys are `/`-separated, 1–1024 bytes of `[A-Za-z0-9._/-]`, without empty, `.` or `..` parts. No
 * object should lie below another (`a` and `a/b`): MinIO does not list it.
 *
 * Every method may throw LetheError `unavailable` (outcome unknown: read back), `capacity`
 * (disk full), `precondition` (read-only) or `invalid` (bad key).
 */
export interface ObjectStore extends AsyncDisposable {
  /** `undefined` when there is no such object. Never half-written bytes. */
  get(key: string): Promise<StoredObject | undefined>;
  /** Streams an object into a file (atomically: whole or not at all). `false` when absent. */
  download(key: string, file: string): Promise<boolean>;
  /** Durable when the promise resolves. An `if-match` on a missing key is `refused`. */
  put(key: string, body: ObjectBody, condition?: WriteCondition): Promise<WriteOutcome>;
  /** Keys that begin with `prefix`, ascending by code unit, those after `after` only. */
  list(prefix: string, options?: { after?: string }): AsyncIterable<ObjectInfo>;
  /** Deletes the object and every older version of it; the number of versions deleted. */
  deleteAllVersions(key: string): Promise<number>;
}
