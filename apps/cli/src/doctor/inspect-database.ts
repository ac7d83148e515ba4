import { basename } from 'node:path';
import { sqlite, translateSqliteError } from '@lethe/sqlite';
import type { HomeDatabase } from '../embedded/home-databases.ts';
import { type Finding, ok, problem, problemsOf } from './finding.ts';

/** Reads a SQLite file through, changing nothing, also while a running Lethe writes to it. */
export function inspectDatabase({ file, what, version }: HomeDatabase): Finding {
  const name = `${what} ${basename(file)}`;
  try {
    const db = new sqlite.DatabaseSync(file, { readOnly: true, timeout: 5_000 });
    try {
      const found = Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
      if (found > version) {
        const seen = `the ${name} has schema ${found}, and this Lethe knows ${version}`;
        return problem('home', seen, 'Use the Lethe that wrote it, or a newer one.');
      }
      const verdict = String(db.prepare('PRAGMA quick_check(1)').get()?.['quick_check']);
      if (verdict !== 'ok') {
        return problem('home', `the ${name} is damaged: ${verdict}`, 'See lethe restore --help.');
      }
      const age = found < version ? `; lethe up makes it one of schema ${version}` : '';
      return ok('home', `the ${name} is sound, schema ${found}${age}`);
    } finally {
      db.close();
    }
  } catch (thrown) {
    const [found] = problemsOf('home', translateSqliteError(thrown, `the ${name}`));
    return found as Finding;
  }
}
