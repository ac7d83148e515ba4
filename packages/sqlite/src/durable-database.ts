import { type DatabaseSync, sqlite } from './node-sqlite.ts';

const mebibyte = 1024 * 1024;
/** How long a write waits for another process that is writing. */
const busyTimeoutMs = 5_000;

/** Opens a database whose commits are on the disk (write-ahead log, fsync) when they return. */
export function openDurable(file: string): DatabaseSync {
  const db = new sqlite.DatabaseSync(file, { timeout: busyTimeoutMs });
  try {
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    db.exec(`PRAGMA journal_size_limit = ${64 * mebibyte}`);
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
    // A full disk makes SQLite roll back by itself; a second rollback would hide the cause.
    if (db.isTransaction) db.exec('ROLLBACK');
    throw thrown;
  }
}
