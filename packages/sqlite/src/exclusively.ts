import { sqlite } from './node-sqlite.ts';
import { translateSqliteError } from './sqlite-error.ts';

/** How long one waits for its turn. */
const waitMs = 10_000;

/**
 * Runs `work` while no other process that names the same lock file runs its own. The lock is the
 * kernel's (SQLite's, on an empty file that stays): it goes with a process that dies. Synchronous.
 *
 * @throws LetheError `unavailable` when its turn does not come within 10 seconds, `precondition` when
 *   the file cannot be made; whatever `work` throws, untouched
 */
export function exclusively<T>(lockFile: string, work: () => T): T {
  const db = locked(lockFile);
  try {
    return work();
  } finally {
    db.close();
  }
}

function locked(lockFile: string) {
  let db: InstanceType<typeof sqlite.DatabaseSync> | undefined;
  try {
    db = new sqlite.DatabaseSync(lockFile, { timeout: waitMs });
    db.exec('BEGIN EXCLUSIVE');
    return db;
  } catch (thrown) {
    db?.close();
    throw translateSqliteError(thrown, `The lock ${lockFile}`);
  }
}
