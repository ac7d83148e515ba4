import type { FileHandle } from 'node:fs/promises';
import { openDataFile, readExactly } from './data-file.ts';

/** A stretch of equally long records in one file. */
export interface RecordFile {
  readonly file: string;
  readonly handle: FileHandle;
  /** Byte offset of the first record. */
  readonly start: number;
  readonly recordCount: number;
}

export interface RecordPlace {
  readonly file: string;
  /** Position of the record in its file, from 0. */
  readonly index: number;
  /** Byte offset of the record in its file. */
  readonly offset: number;
}

/** At most this much is read in one piece. */
const pieceBytes = 1 << 20;

/**
 * Records of one length in one or several files, numbered through, read by row with positioned
 * reads: nothing is kept in memory. Owns the file handles.
 */
export class RecordFiles implements AsyncDisposable {
  readonly recordCount: number;
  readonly #files: readonly RecordFile[];
  readonly #recordBytes: number;

  constructor(files: readonly RecordFile[], recordBytes: number) {
    this.#files = files;
    this.#recordBytes = recordBytes;
    this.recordCount = files.reduce((sum, { recordCount }) => sum + recordCount, 0);
  }

  /** File and position of a row. */
  place(row: number): RecordPlace {
    const { found, index } = this.#locate(row);
    return { file: found.file, index, offset: found.start + index * this.#recordBytes };
  }

  /** Records in the order of `rows`; runs of neighbouring rows share one read and one buffer. */
  async read(rows: ArrayLike<number>): Promise<Uint8Array[]> {
    const records: Uint8Array[] = [];
    const longestRun = Math.max(1, Math.floor(pieceBytes / this.#recordBytes));
    while (records.length < rows.length) {
      const first = rows[records.length]!;
      const { found, index } = this.#locate(first);
      const limit = Math.min(longestRun, found.recordCount - index, rows.length - records.length);
      let run = 1;
      while (run < limit && rows[records.length + run] === first + run) run++;
      const offset = found.start + index * this.#recordBytes;
      const bytes = await readExactly(found.handle, found.file, offset, run * this.#recordBytes);
      for (let i = 0; i < run; i++) {
        records.push(bytes.subarray(i * this.#recordBytes, (i + 1) * this.#recordBytes));
      }
    }
    return records;
  }

  /** Visits every record once, in order. The bytes are valid during the call only. */
  async scan(visit: (record: Uint8Array, row: number) => void): Promise<void> {
    const step = Math.max(1, Math.floor(pieceBytes / this.#recordBytes));
    for (let from = 0; from < this.recordCount; from += step) {
      const count = Math.min(step, this.recordCount - from);
      const records = await this.read(Array.from({ length: count }, (_, i) => from + i));
      records.forEach((record, i) => {
        visit(record, from + i);
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#files.map(({ handle }) => handle.close()));
  }

  #locate(row: number): { found: RecordFile; index: number } {
    let index = row;
    for (const found of this.#files) {
      if (index < found.recordCount) return { found, index };
      index -= found.recordCount;
    }
    throw new RangeError(`row ${row} is past the last of ${this.recordCount} records`);
  }
}

/** Opens one file after the other; closes those already open when one fails. */
export async function openAll<T extends { handle: FileHandle }>(
  files: readonly string[],
  describe: (file: string, handle: FileHandle) => Promise<T>,
): Promise<T[]> {
  const opened: FileHandle[] = [];
  try {
    const result: T[] = [];
    for (const file of files) {
      const handle = await openDataFile(file);
      opened.push(handle);
      result.push(await describe(file, handle));
    }
    return result;
  } catch (error) {
    await Promise.all(opened.map((handle) => handle.close()));
    throw error;
  }
}
