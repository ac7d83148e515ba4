/** Layout of a training manifest file, version 1. See docs/decisions/0011. */

/** "LETH": says whose SQLite file this is (PRAGMA application_id). */
export const applicationId = 0x4c455448;
/** Raised with every change that an older reader would misread (PRAGMA user_version). */
export const schemaVersion = 1;
/** Most rows in one stored row list. */
export const rowsPerPart = 4096;

export const tables = `
PRAGMA page_size = 4096;
PRAGMA application_id = ${applicationId};
PRAGMA user_version = ${schemaVersion};

CREATE TABLE sample (
  row INTEGER PRIMARY KEY,
  sample_id TEXT NOT NULL,
  sha256 BLOB NOT NULL,
  label INTEGER NOT NULL,
  -- 1: belongs to a subject, 0: to nobody
  owned INTEGER NOT NULL
) STRICT;

-- Ascending rows of a subject or a label, as row-list.ts writes them, in parts.
CREATE TABLE subject_rows (
  subject TEXT NOT NULL, part INTEGER NOT NULL, rows BLOB NOT NULL,
  PRIMARY KEY (subject, part)
) STRICT, WITHOUT ROWID;

CREATE TABLE label_rows (
  label INTEGER NOT NULL, part INTEGER NOT NULL, rows BLOB NOT NULL,
  PRIMARY KEY (label, part)
) STRICT, WITHOUT ROWID;

CREATE TABLE class (label INTEGER PRIMARY KEY, sample_count INTEGER NOT NULL) STRICT;
CREATE TABLE summary (subject_count INTEGER NOT NULL, sample_count INTEGER NOT NULL) STRICT;
`;

/**
 * Made after all rows are in: sorting once is faster than keeping order. Eight bytes of a digest
 * tell ten million samples apart; the rest is compared in the row itself.
 */
export const indexes = {
  sampleId: 'CREATE UNIQUE INDEX sample_by_id ON sample (sample_id)',
  sha256: 'CREATE INDEX sample_by_sha256 ON sample (substr(sha256, 1, 8))',
};
