import { existsSync } from 'node:fs';
import { sqlite, translateSqliteError } from '@lethe/sqlite';
import type { BackupFolder } from './backup-folder.ts';
import type { SnapshotEntry } from './snapshot.ts';

/**
 * One moment of a SQLite file, also while others write to it (VACUUM INTO reads in a transaction).
 *
 * @returns `undefined` where there is no such file
 * @throws LetheError naming the file: `corrupt`, `capacity` (the backup's disk is full)
 */
export async function copyDatabase(
  file: string,
  name: string,
  backup: BackupFolder,
): Promise<SnapshotEntry | undefined> {
  if (!existsSync(file)) return undefined;
  const copy = backup.temporary();
  let schema: number;
  try {
    const db = new sqlite.DatabaseSync(file, { timeout: 10_000 });
    try {
      schema = Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
      db.prepare('VACUUM INTO ?').run(copy);
    } finally {
      db.close();
    }
  } catch (thrown) {
    throw translateSqliteError(thrown, `The copy of ${file}`);
  }
  return { kind: 'file', name, ...(await backup.keep(copy)), schema };
}
