import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';

export type { DatabaseSync, SQLInputValue, StatementSync };

/**
 * The only place that loads `node:sqlite`. Node 22 announces it as experimental when it is
 * loaded; that one warning is kept from the terminal, all others pass.
 */
function loadSqlite(): typeof import('node:sqlite') {
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

const sqlite = loadSqlite();

/** How long a write waits for another process that is writing. */
const busyTimeoutMs = 5_000;

/** Opens a database whose commits are on the disk (write-ahead log, fsync) when they return. */
export function openDatabase(file: string, maxFileBytes?: number): DatabaseSync {
  const db = new sqlite.DatabaseSync(file, { timeout: busyTimeoutMs });
  try {
    db.exec('PRAGMA journal_mode = WAL');
    db.exec('PRAGMA synchronous = FULL');
    db.exec(`PRAGMA journal_size_limit = ${64 * 1024 * 1024}`);
    if (maxFileBytes !== undefined) {
      const pageBytes = Number(db.prepare('PRAGMA page_size').get()?.['page_size']);
      db.exec(`PRAGMA max_page_count = ${Math.ceil(maxFileBytes / pageBytes)}`);
    }
    return db;
  } catch (thrown) {
    db.close();
    throw thrown;
  }
}

/** Runs `work` in one write transaction: all of it, or nothing. */
export function transact<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (thrown) {
    // A full disk makes SQLite roll back by itself; the second rollback would hide the cause.
    if (db.isTransaction) db.exec('ROLLBACK');
    throw thrown;
  }
}
