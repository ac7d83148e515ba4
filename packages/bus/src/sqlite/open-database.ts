import { type DatabaseSync, openDurable } from '@lethe/sqlite';

/** Opens the log's database; it grows to at most `maxFileBytes`. */
export function openBusDatabase(file: string, maxFileBytes?: number): DatabaseSync {
  const db = openDurable(file);
  try {
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
