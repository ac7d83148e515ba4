import { LetheError } from '@lethe/contracts';
import { openDurable, transact } from './durable-database.ts';
import type { DatabaseSync } from './node-sqlite.ts';
import { translateSqliteError } from './sqlite-error.ts';

export interface SqliteSchema {
  /** For people, for example "request index". */
  readonly name: string;
  /** `PRAGMA user_version` of the files this code writes. */
  readonly version: number;
  /** Statements that make an empty file one of `version`. */
  readonly statements: string;
  /** Statements that make a file of the version named one of the next. */
  readonly upgrades?: Readonly<Record<number, string>>;
}

/**
 * A SQLite file of a service, whose commits are on the disk when they return. Synchronous: a
 * commit holds the thread for one fsync.
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
      db = openDurable(file);
      // Pages that change again and again are carried over once per 32 MiB of log, not per 4.
      db.exec('PRAGMA wal_autocheckpoint = 8192; PRAGMA cache_size = -16384');
      const opened = new SqliteFile(db, file, schema);
      opened.transact(() => opened.#migrate());
      return opened;
    } catch (thrown) {
      db?.close();
      throw translateSqliteError(thrown, `The ${schema.name} ${file}`);
    }
  }

  private constructor(db: DatabaseSync, file: string, schema: SqliteSchema) {
    this.db = db;
    this.#file = file;
    this.#schema = schema;
  }

  /** Runs `work` in one write transaction: durable when this returns, or nothing is changed. */
  transact<T>(work: () => T): T {
    return this.attempt(() => transact(this.db, work));
  }

  /** Runs `work`; what SQLite throws becomes a LetheError that names the file and the remedy. */
  attempt<T>(work: () => T): T {
    try {
      return work();
    } catch (thrown) {
      throw translateSqliteError(thrown, `The ${this.#schema.name} ${this.#file}`);
    }
  }

  [Symbol.dispose](): void {
    if (this.db.isOpen) this.db.close();
  }

  #migrate(): void {
    const found = Number(this.db.prepare('PRAGMA user_version').get()?.['user_version']);
    if (found === this.#schema.version) return;
    if (found !== 0 && this.#upgrade(found)) return;
    if (found !== 0) {
      throw new LetheError(
        'precondition',
        `The ${this.#schema.name} ${this.#file} has schema ${found}; this Lethe knows ${this.#schema.version}. Use the Lethe that wrote it, or move the file away.`,
      );
    }
    this.db.exec(this.#schema.statements);
    this.db.exec(`PRAGMA user_version = ${this.#schema.version}`);
  }

  /** @returns whether there is a way from version `found` to this one */
  #upgrade(found: number): boolean {
    const { version, upgrades = {} } = this.#schema;
    const steps = Array.from({ length: Math.max(0, version - found) }, (_, at) => found + at);
    if (steps.length === 0 || steps.some((step) => upgrades[step] === undefined)) return false;
    for (const step of steps) this.db.exec(upgrades[step] as string);
    this.db.exec(`PRAGMA user_version = ${version}`);
    return true;
  }
}
