import { LetheError } from '@lethe/contracts';
import { type DatabaseSync, transact } from '@lethe/sqlite';

/** Marks the file as Lethe's message log ("LtBs"). */
const applicationId = 0x4c744273;

/**
 * Migration n brings version n to n + 1; the version is SQLite's `user_version`. Append only.
 *
 * - `log`: one partition of a topic; records `start_offset` ≤ offset < `end_offset` are kept.
 * - `record.id` = log id × 2⁴⁰ + offset, so that one integer B-tree holds every log in order.
 * - `cursor`: where a group stands in a log, who owns it, and the epoch that fences former owners.
 *   `mark` is what the owner wrote beside it.
 * - `member`: who is in a group, in which process, and when it was last heard of.
 */
const migrations: readonly string[] = [
  `
  CREATE TABLE topic (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    partitions INTEGER NOT NULL,
    retention_ms INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE log (
    id INTEGER PRIMARY KEY,
    topic_id INTEGER NOT NULL REFERENCES topic,
    partition INTEGER NOT NULL,
    start_offset INTEGER NOT NULL DEFAULT 0,
    end_offset INTEGER NOT NULL DEFAULT 0,
    UNIQUE (topic_id, partition)
  ) STRICT;
  CREATE TABLE record (
    id INTEGER PRIMARY KEY,
    timestamp_ms INTEGER NOT NULL,
    key TEXT NOT NULL,
    headers TEXT,
    value BLOB NOT NULL
  ) STRICT;
  CREATE TABLE cursor (
    group_name TEXT NOT NULL,
    log_id INTEGER NOT NULL REFERENCES log,
    committed INTEGER NOT NULL,
    epoch INTEGER NOT NULL DEFAULT 0,
    owner TEXT,
    PRIMARY KEY (group_name, log_id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE member (
    group_name TEXT NOT NULL,
    id TEXT NOT NULL,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    topics TEXT NOT NULL,
    seen_ms INTEGER NOT NULL,
    PRIMARY KEY (group_name, id)
  ) STRICT, WITHOUT ROWID;
  `,
  `ALTER TABLE cursor ADD COLUMN mark TEXT NOT NULL DEFAULT ''`,
];

export const schemaVersion = migrations.length;

/**
 * Creates the schema, or brings an older one up to date.
 *
 * @throws LetheError `precondition` when the file belongs to a newer Lethe or to something else
 */
export function migrate(db: DatabaseSync, file: string): void {
  if (currentVersion(db, file) === schemaVersion) return;
  transact(db, () => {
    // Read again: another process may have migrated in between.
    for (const statements of migrations.slice(currentVersion(db, file))) db.exec(statements);
    db.exec(`PRAGMA application_id = ${applicationId}`);
    db.exec(`PRAGMA user_version = ${schemaVersion}`);
  });
}

function currentVersion(db: DatabaseSync, file: string): number {
  const version = pragma(db, 'user_version');
  const owner = pragma(db, 'application_id');
  const isEmpty = db.prepare('SELECT 1 FROM sqlite_schema').get() === undefined;
  if (owner !== applicationId && !isEmpty) {
    throw new LetheError(
      'precondition',
      `${file} is a SQLite database of something else. Choose another file for the message log.`,
    );
  }
  if (version > schemaVersion) {
    throw new LetheError(
      'precondition',
      `The message log ${file} has schema version ${version}; this Lethe knows versions up to ${schemaVersion}. Use the Lethe that wrote it, or a newer one.`,
    );
  }
  return version;
}

function pragma(db: DatabaseSync, name: string): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()?.[name]);
}
