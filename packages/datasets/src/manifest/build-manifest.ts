import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Digest, isDigest, LetheError } from '@lethe/contracts';
import { encodeRows } from './row-list.ts';
import { indexes, rowsPerPart, tables } from './schema.ts';
import { createDatabase, type Database, isUniqueViolation, sqliteError } from './sqlite-file.ts';
import { fileDigest } from './training-manifest.ts';

export interface ManifestEntry {
  /** Row of the training data set; ascending over the entries, gaps allowed. */
  readonly row: number;
  readonly sampleId: string;
  readonly sha256: Digest;
  readonly label: number;
  /** Pseudonymous handle of the data subject; '' belongs to nobody. */
  readonly subject: string;
}

export interface ManifestSummary {
  /** SHA-256 of the file. */
  readonly digest: Digest;
  readonly size: number;
  readonly sizeBytes: number;
  readonly classCounts: readonly number[];
  readonly subjectCount: number;
}

export interface BuildOptions {
  readonly classCount: number;
  /** Called now and then with the number of entries taken in. */
  readonly onProgress?: (done: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Writes a training manifest. The same entries give the same bytes. Nothing is left at `file`
 * unless all went well; memory stays flat.
 * @throws LetheError `invalid` naming the sample for rows that do not ascend, a sample id that
 * comes twice, a label out of range; `capacity`, `precondition`, `cancelled`
 */
export async function buildTrainingManifest(
  file: string,
  entries: AsyncIterable<ManifestEntry> | Iterable<ManifestEntry>,
  options: BuildOptions,
): Promise<ManifestSummary> {
  const partial = `${file}.partial-${process.pid}`;
  await rm(partial, { force: true });
  try {
    const counts = await write(partial, entries, options);
    await synchronise(partial);
    const digest = await fileDigest(partial);
    const { size: sizeBytes } = await stat(partial);
    await rename(partial, file);
    await synchronise(dirname(file));
    return { digest, sizeBytes, ...counts };
  } catch (cause) {
    await rm(partial, { force: true });
    throw sqliteError(file, cause);
  }
}

type Counts = Pick<ManifestSummary, 'size' | 'classCounts' | 'subjectCount'>;

const progressEvery = 4096;

async function write(
  file: string,
  entries: AsyncIterable<ManifestEntry> | Iterable<ManifestEntry>,
  options: BuildOptions,
): Promise<Counts> {
  const database = createDatabase(file);
  try {
    database.exec(tables);
    database.exec('CREATE TEMP TABLE owner (subject TEXT NOT NULL, row INTEGER NOT NULL)');
    database.exec('BEGIN');
    const counts = new SampleWriter(database, options.classCount);
    for await (const entry of entries) {
      counts.add(entry);
      if (counts.size % progressEvery === 0) {
        if (options.signal?.aborted) {
          throw new LetheError('cancelled', 'writing the training manifest was cancelled');
        }
        options.onProgress?.(counts.size);
      }
    }
    options.onProgress?.(counts.size);
    counts.finish();
    const subjectCount = writeSubjects(database);
    writeIndexes(database);
    database.prepare('INSERT INTO summary VALUES (?, ?)').run(subjectCount, counts.size);
    database.exec('COMMIT');
    return { size: counts.size, classCounts: counts.classCounts, subjectCount };
  } finally {
    database.close();
  }
}

/** Takes the entries in, in order, and keeps one unfinished row list per label. */
class SampleWriter {
  size = 0;
  readonly classCounts: number[];
  readonly #pages: number[][];
  readonly #parts: number[];
  readonly #insertSample;
  readonly #insertOwner;
  readonly #insertLabelRows;
  readonly #insertClass;
  #lastRow = -1;

  constructor(database: Database, classCount: number) {
    this.classCounts = new Array<number>(classCount).fill(0);
    this.#pages = this.classCounts.map(() => []);
    this.#parts = this.classCounts.map(() => 0);
    this.#insertSample = database.prepare('INSERT INTO sample VALUES (?, ?, ?, ?, ?)');
    this.#insertOwner = database.prepare('INSERT INTO owner VALUES (?, ?)');
    this.#insertLabelRows = database.prepare('INSERT INTO label_rows VALUES (?, ?, ?)');
    this.#insertClass = database.prepare('INSERT INTO class VALUES (?, ?)');
  }

  add(entry: ManifestEntry): void {
    const { row, sampleId, sha256, label, subject } = entry;
    checkEntry(entry, this.#lastRow, this.classCounts.length);
    this.#lastRow = row;
    this.#insertSample.run(
      row,
      sampleId,
      Buffer.from(sha256, 'hex'),
      label,
      subject === '' ? 0 : 1,
    );
    if (subject !== '') this.#insertOwner.run(subject, row);
    this.size++;
    this.classCounts[label]!++;
    const page = this.#pages[label]!;
    page.push(row);
    if (page.length === rowsPerPart) this.#writePage(label);
  }

  finish(): void {
    this.#pages.forEach((page, label) => {
      if (page.length > 0) this.#writePage(label);
      this.#insertClass.run(label, this.classCounts[label]!);
    });
  }

  #writePage(label: number): void {
    const page = this.#pages[label]!;
    this.#insertLabelRows.run(label, this.#parts[label]!++, encodeRows(page));
    page.length = 0;
  }
}

/** Sorts (subject, row) outside memory and writes each subject's rows. Gives the subject count. */
function writeSubjects(database: Database): number {
  const sorted = database.prepare('SELECT subject, row FROM owner ORDER BY subject, row');
  const insert = database.prepare('INSERT INTO subject_rows VALUES (?, ?, ?)');
  let subjectCount = 0;
  let subject = '';
  let part = 0;
  let page: number[] = [];
  const writePage = () => {
    if (page.length > 0) insert.run(subject, part++, encodeRows(page));
    page = [];
  };
  for (const next of sorted.iterate()) {
    if (next['subject'] !== subject) {
      writePage();
      subject = next['subject'] as string;
      part = 0;
      subjectCount++;
    }
    page.push(next['row'] as number);
    if (page.length === rowsPerPart) writePage();
  }
  writePage();
  return subjectCount;
}

function writeIndexes(database: Database): void {
  try {
    database.exec(indexes.sampleId);
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    const twice = database
      .prepare(
        'SELECT sample_id, min(row) AS first, max(row) AS last FROM sample GROUP BY sample_id HAVING count(*) > 1 ORDER BY 2 LIMIT 1',
      )
      .get();
    throw LetheError.invalid(
      'sample id',
      twice?.['sample_id'],
      `stands at row ${twice?.['first']} and again at row ${twice?.['last']}`,
      'Give each sample an id of its own.',
    );
  }
  database.exec(indexes.sha256);
}

const unprintable = /[\p{Cc}\p{Cs}]/u;

/** Handles are never repeated in messages: they may lead to a person. */
function checkEntry(entry: ManifestEntry, lastRow: number, classCount: number): void {
  const { row, sampleId, sha256, label, subject } = entry;
  if (!Number.isInteger(row) || row <= lastRow || row >= 2 ** 32) {
    throw LetheError.invalid(
      `row of ${sampleId}`,
      row,
      row === lastRow ? 'comes twice' : `must be a whole number after ${lastRow}, below 2^32`,
      'Give the entries in the order of their rows, each once.',
    );
  }
  if (sampleId === '' || sampleId.length > 512 || unprintable.test(sampleId)) {
    throw LetheError.invalid(
      `sample id of row ${row}`,
      sampleId,
      'must be 1 to 512 printable characters',
      'Rename the sample.',
    );
  }
  if (!isDigest(sha256)) {
    throw LetheError.invalid(
      `sha256 of ${sampleId}`,
      sha256,
      'must be 64 lower-case hexadecimal digits',
      'Take the SHA-256 of the bytes of the sample.',
    );
  }
  if (!Number.isInteger(label) || label < 0 || label >= classCount) {
    throw LetheError.invalid(
      `label of ${sampleId}`,
      label,
      `must be a label from 0 to ${classCount - 1}`,
      'Correct the label, or the number of classes of the model.',
    );
  }
  if (subject.length > 256 || unprintable.test(subject)) {
    throw LetheError.invalid(
      `subject of ${sampleId}`,
      `${subject.length} characters`,
      'must be at most 256 printable characters',
      'Use short pseudonymous handles.',
    );
  }
}

/** Brings a file or a folder's entries to the disk. */
async function synchronise(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
