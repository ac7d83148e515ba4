import type { DatabaseSync } from 'node:sqlite';
import { type ErrorCode, LetheError } from '@lethe/contracts';

export interface SqliteSchema {
  /** For people, for example "request index". */
  readonly name: string;
  /** `PRAGMA user_version` of the files this code writes. */
  readonly version: number;
  /** Statements that make an empty file one of `version`. */
  readonly statements: string;
}

const mebibyte = 1024 * 1024;
/** How long a write waits for another process that is writing. */
const busyTimeoutMs = 5_000;

/**
 * A SQLite file of a service, whose commits are on the disk when they return (write-ahead log,
 * fsync). Synchronous: a commit holds the thread for one fsync.
 */
export class SqliteFile implements Disposable {
  readonly db: DatabaseSync;
  readonly #file: string;
  readonly #schema: SqliteSchema;

  /**
   * @throws LetheError `precondition` (folder missing, read-only, written by a newer Lethe),
   * `corrupt`, `capacity` (disk full), each naming the file
   */
  static open(file: string, schema: SqliteSchema): SqliteFile {
    let db: DatabaseSync | undefined;
    try {
      db = new (sqlite().DatabaseSync)(file, { timeout: busyTimeoutMs });
      db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
      db.exec(`PRAGMA journal_size_limit = ${64 * mebibyte}`);
      // Pages that change again and again are carried over once per 32 MiB of log, not per 4.
      db.exec('PRAGMA wal_autocheckpoint = 8192; PRAGMA cache_size = -16384');
      const opened = new SqliteFile(db, file, schema);
      opened.transact(() => opened.#migrate());
      return opened;
    } catch (thrown) {
      db?.close();
      throw translate(thrown, schema.name, file);
    }
  }

  private constructor(db: DatabaseSync, file: string, schema: SqliteSchema) {
    this.db = db;
    this.#file = file;
    this.#schema = schema;
  }

  /** Runs `work` in one write transaction: durable when this returns, or nothing is changed. */
  transact<T>(work: () => T): T {
    return this.attempt(() => {
      this.db.exec('BEGIN IMMEDIATE');
      try {
        const result = work();
        this.db.exec('COMMIT');
        return result;
      } catch (thrown) {
        // A full disk makes SQLite roll back by itself; a second rollback would hide the cause.
        if (this.db.isTransaction) this.db.exec('ROLLBACK');
        throw thrown;
      }
    });
  }

  /** Runs `work`; what SQLite throws becomes a LetheError that names the file and the remedy. */
  attempt<T>(work: () => T): T {
    try {
      return work();
    } catch (thrown) {
      throw translate(thrown, this.#schema.name, this.#file);
    }
  }

  [Symbol.dispose](): void {
    if (this.db.isOpen) this.db.close();
  }

  #migrate(): void {
    const found = Number(this.db.prepare('PRAGMA user_version').get()?.['user_version']);
    if (found === this.#schema.version) return;
    if (found !== 0) {
      throw new LetheError(
        'precondition',
        `The ${this.#schema.name} ${this.#file} has schema ${found}; this Lethe knows ${this.#schema.version}. Use the Lethe that wrote it, or move the file away.`,
      );
    }
    this.db.exec(this.#schema.statements);
    this.db.exec(`PRAGMA user_version = ${this.#schema.version}`);
  }
}

/** Loads `node:sqlite` without the one warning that Node 22 prints about it. */
function sqlite(): typeof import('node:sqlite') {
  const { emitWarning } = process;
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
    if (String(warning).includes('SQLite is an experimental feature')) return;
    Reflect.apply(emitWarning, process, [warning, ...rest]);
  }) as typeof process.emitWarning;
  try {
    return process.getBuiltinModule('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** Primary result codes (sqlite.org/rescode.html) that mean something to us. */
const meanings: Readonly<Record<number, readonly [ErrorCode, string]>> = {
  3: ['precondition', 'may not be accessed. Give this user read and write access.'],
  5: ['unavailable', 'is locked by another process. Try again.'],
  8: ['precondition', 'is read-only. Give this user write access to the file and its folder.'],
  10: ['unavailable', 'could not be read or written. Check the disk, then try again.'],
  11: ['corrupt', 'is damaged. Restore it from a backup.'],
  13: ['capacity', 'cannot grow: the disk is full. Free some space; nothing was half-written.'],
  14: ['precondition', 'cannot be opened. Check that its folder exists and may be written to.'],
  26: ['corrupt', 'is not a SQLite file. Move it away.'],
};

function translate(thrown: unknown, name: string, file: string): LetheError {
  if (thrown instanceof LetheError) return thrown;
  const { errcode } = thrown as { errcode?: unknown };
  const meaning = typeof errcode === 'number' ? meanings[errcode & 0xff] : undefined;
  if (meaning === undefined) return LetheError.from(thrown);
  return new LetheError(meaning[0], `The ${name} ${file} ${meaning[1]}`, { cause: thrown });
}
