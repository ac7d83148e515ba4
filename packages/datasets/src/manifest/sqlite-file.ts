/** Opens the SQLite files of this package and translates their errors. */
import { LetheError } from '@lethe/contracts';
import { type DatabaseSync, resultCode, resultCodes, sqlite } from '@lethe/sqlite';

export type Database = DatabaseSync;

/** A new database that nobody else sees until it is whole: no journal, no sync. */
export function createDatabase(file: string): Database {
  const database = open(file, false);
  database.exec(
    'PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE',
  );
  // Unused bytes of a page are zero instead of leftovers: the same content gives the same file.
  database.exec('PRAGMA secure_delete = ON; PRAGMA cache_size = -65536');
  return database;
}

/**
 * Memory use stays at the page cache of 8 MiB, whatever the size of the file. The shared lock is
 * kept between look-ups: taking it anew for each would cost as much as a look-up.
 */
export function openReadOnly(file: string): Database {
  const database = open(file, true);
  database.exec('PRAGMA cache_size = -8192; PRAGMA query_only = ON');
  database.exec('PRAGMA locking_mode = EXCLUSIVE');
  return database;
}

/** Tables for one piece of work; spills to the system's folder for temporary files. */
export function openScratch(): Database {
  const database = open('', false);
  database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -32768');
  return database;
}

function open(file: string, readOnly: boolean): Database {
  try {
    return new sqlite.DatabaseSync(file, { readOnly });
  } catch (cause) {
    throw sqliteError(file, cause);
  }
}

/** Runs `work`; what SQLite throws becomes a LetheError that names the file. */
export function withSqliteErrors<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw sqliteError(file, cause);
  }
}

export function isUniqueViolation(error: unknown): boolean {
  return resultCode(error) === resultCodes.constraint;
}

/** Primary result codes: https://www.sqlite.org/rescode.html */
export function sqliteError(file: string, cause: unknown): LetheError {
  if (cause instanceof LetheError) return cause;
  const name = file === '' ? 'temporary tables' : file;
  switch (resultCode(cause)) {
    case 8: // READONLY
    case 3: // PERM
    case 14: // CANTOPEN
      return new LetheError(
        'precondition',
        `cannot open ${name}: the folder is missing or may not be written to, or the file may not be read. Check path and permissions`,
        { cause },
      );
    case 13: // FULL
      return new LetheError(
        'capacity',
        `the disk is full while writing ${name}. Make room there or in the folder for temporary files (TMPDIR)`,
        { cause },
      );
    case 11: // CORRUPT
    case 26: // NOTADB
    case 10: // IOERR
      return new LetheError(
        'corrupt',
        `${name} is damaged or no training manifest. Fetch it again`,
        {
          cause,
        },
      );
    default:
      return LetheError.from(cause);
  }
}
