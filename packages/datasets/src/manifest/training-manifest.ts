/**
 * The training manifest of a model: what it was trained on, one entry per sample. An immutable
 * SQLite file; look-ups read a few pages each, so memory stays flat whatever its size.
 */
import { createHash } from 'node:crypto';
import { closeSync, createReadStream, fstatSync, openSync, readSync } from 'node:fs';
import { type Digest, LetheError } from '@lethe/contracts';
import { fileError } from '../data-file.ts';
import { decodeRows } from './row-list.ts';
import { applicationId, schemaVersion } from './schema.ts';
import { type Database, openReadOnly, sqliteError, withSqliteErrors } from './sqlite-file.ts';

export interface RowsFound {
  /** Ascending, each row once. */
  readonly rows: Uint32Array;
  /** What was asked for and is not in the manifest, in the order it was asked. */
  readonly unknown: readonly string[];
}

export interface TrainingManifest extends Disposable {
  /** Number of samples. */
  readonly size: number;
  readonly classCount: number;
  /** Samples of each label, [classCount]. */
  readonly classCounts: readonly number[];
  readonly subjectCount: number;
  /** Ascending rows of a data subject; empty for a handle the manifest does not know. */
  rowsOfSubject(handle: string): Uint32Array;
  rowsOfSampleIds(ids: readonly string[]): RowsFound;
  /** Several rows share a digest when the same sample was trained on more than once: all are given. */
  rowsOfDigests(digests: readonly string[]): RowsFound;
  /** Ascending rows of a label, a page at a time. @throws LetheError `invalid` for no such label */
  rowsOfLabel(label: number): Iterable<Uint32Array>;
  has(row: number): boolean;
  /** @throws LetheError `not_found` for a row that is not in the manifest; so do the next three */
  label(row: number): number;
  sha256(row: number): Digest;
  sampleId(row: number): string;
  /** Whether the sample belongs to a data subject. */
  hasSubject(row: number): boolean;
  /** SHA-256 of the file: the digest that registrations and receipts name. Reads all of it. */
  digest(): Promise<Digest>;
}

/**
 * @throws LetheError `not_found`, `precondition` (unreadable, or written by a newer Lethe),
 * `corrupt` (cut short), `invalid` (another kind of file)
 */
export function openTrainingManifest(file: string): TrainingManifest {
  checkHeader(file);
  const database = openReadOnly(file);
  try {
    return new SqliteManifest(file, database);
  } catch (cause) {
    database.close();
    throw sqliteError(file, cause);
  }
}

interface SampleRow {
  readonly sample_id: string;
  readonly sha256: Uint8Array;
  readonly label: number;
  readonly owned: number;
}

class SqliteManifest implements TrainingManifest {
  readonly size: number;
  readonly classCount: number;
  readonly classCounts: readonly number[];
  readonly subjectCount: number;
  readonly #file: string;
  readonly #database: Database;
  readonly #bySubject;
  readonly #byId;
  readonly #bySha256;
  readonly #byRow;

  constructor(file: string, database: Database) {
    this.#file = file;
    this.#database = database;
    const summary = database.prepare('SELECT * FROM summary').get();
    const classes = database.prepare('SELECT sample_count FROM class ORDER BY label').all();
    this.size = summary?.['sample_count'] as number;
    this.subjectCount = summary?.['subject_count'] as number;
    this.classCounts = classes.map((row) => row['sample_count'] as number);
    this.classCount = this.classCounts.length;
    this.#bySubject = database.prepare(
      'SELECT rows FROM subject_rows WHERE subject = ? ORDER BY part',
    );
    this.#byId = database.prepare('SELECT row FROM sample WHERE sample_id = ?');
    this.#bySha256 = database.prepare(
      'SELECT row FROM sample WHERE substr(sha256, 1, 8) = substr(?1, 1, 8) AND sha256 = ?1',
    );
    this.#byRow = database.prepare(
      'SELECT sample_id, sha256, label, owned FROM sample WHERE row = ?',
    );
  }

  rowsOfSubject(handle: string): Uint32Array {
    const parts = this.#query(() => this.#bySubject.all(handle));
    return concatenate(parts.map((part) => decodeRows(part['rows'] as Uint8Array)));
  }

  rowsOfSampleIds(ids: readonly string[]): RowsFound {
    return this.#find(ids, (id) => this.#byId.all(id));
  }

  rowsOfDigests(digests: readonly string[]): RowsFound {
    return this.#find(digests, (digest) => this.#bySha256.all(Buffer.from(digest, 'hex')));
  }

  *rowsOfLabel(label: number): Iterable<Uint32Array> {
    if (!Number.isInteger(label) || label < 0 || label >= this.classCount) {
      throw LetheError.invalid(
        'label',
        label,
        `must be a label from 0 to ${this.classCount - 1}`,
        'Name a class that the model knows.',
      );
    }
    const page = this.#database.prepare('SELECT rows FROM label_rows WHERE label = ? AND part = ?');
    for (let part = 0; ; part++) {
      const found = this.#query(() => page.get(label, part));
      if (found === undefined) return;
      yield decodeRows(found['rows'] as Uint8Array);
    }
  }

  has(row: number): boolean {
    return this.#lookUp(row) !== undefined;
  }

  label(row: number): number {
    return this.#sample(row).label;
  }

  sha256(row: number): Digest {
    return Buffer.from(this.#sample(row).sha256).toString('hex') as Digest;
  }

  sampleId(row: number): string {
    return this.#sample(row).sample_id;
  }

  hasSubject(row: number): boolean {
    return this.#sample(row).owned === 1;
  }

  digest(): Promise<Digest> {
    return fileDigest(this.#file);
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  #find(names: readonly string[], look: (name: string) => Record<string, unknown>[]): RowsFound {
    const rows: number[] = [];
    const unknown: string[] = [];
    for (const name of names) {
      const found = this.#query(() => look(name));
      for (const { row } of found) rows.push(row as number);
      if (found.length === 0) unknown.push(name);
    }
    return { rows: unique(Uint32Array.from(rows).sort()), unknown };
  }

  #sample(row: number): SampleRow {
    const sample = this.#lookUp(row);
    if (sample !== undefined) return sample;
    throw new LetheError(
      'not_found',
      `row ${row} is not in the training manifest, which has ${this.size} samples`,
    );
  }

  #lookUp(row: number): SampleRow | undefined {
    if (!Number.isInteger(row)) return undefined;
    return this.#query(() => this.#byRow.get(row)) as SampleRow | undefined;
  }

  #query<T>(work: () => T): T {
    return withSqliteErrors(this.#file, work);
  }
}

/** SQLite opens cut and foreign files without a word and fails later: look at the header first. */
function checkHeader(file: string): void {
  const { header, sizeBytes } = readHeader(file);
  if (header.length < 100 || header.subarray(0, 16).toString('latin1') !== 'SQLite format 3\0') {
    throw foreign(file, 'it is no SQLite file');
  }
  const pageSize = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);
  const expected = pageSize * header.readUInt32BE(28);
  if (header.readUInt32BE(68) !== applicationId) throw foreign(file, 'it is another SQLite file');
  const version = header.readUInt32BE(60);
  if (version > schemaVersion) {
    throw new LetheError(
      'precondition',
      `${file} was written by a newer Lethe (schema ${version}; this one reads up to ${schemaVersion}). Upgrade this Lethe`,
    );
  }
  if (sizeBytes !== expected) {
    throw new LetheError(
      'corrupt',
      `${file} has ${sizeBytes} bytes where its header says ${expected}: it was cut short. Fetch it again`,
    );
  }
}

function readHeader(file: string): { header: Buffer; sizeBytes: number } {
  try {
    const descriptor = openSync(file, 'r');
    try {
      const header = Buffer.alloc(100);
      const length = readSync(descriptor, header, 0, 100, 0);
      return { header: header.subarray(0, length), sizeBytes: fstatSync(descriptor).size };
    } finally {
      closeSync(descriptor);
    }
  } catch (cause) {
    throw fileError(file, cause);
  }
}

function foreign(file: string, description: string): LetheError {
  return LetheError.invalid(
    file,
    description,
    'is not a training manifest',
    'Give the file that lethe import wrote.',
  );
}

/** SHA-256 of a file's bytes, read in pieces. */
export async function fileDigest(file: string): Promise<Digest> {
  const hash = createHash('sha256');
  try {
    for await (const piece of createReadStream(file, { highWaterMark: 1 << 20 })) {
      hash.update(piece as Buffer);
    }
  } catch (cause) {
    throw fileError(file, cause);
  }
  return hash.digest('hex') as Digest;
}

function concatenate(parts: readonly Uint32Array[]): Uint32Array {
  if (parts.length === 1) return parts[0]!;
  const all = new Uint32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function unique(sorted: Uint32Array): Uint32Array {
  return sorted.filter((row, i) => i === 0 || row !== sorted[i - 1]);
}
