import { RequestState } from '@lethe/contracts';
import type { SqliteSchema } from '@lethe/sqlite';

/** `user_version` of the files that this code writes. */
export const projectionVersion = 6;

const version2 = `
  CREATE TABLE identity (id TEXT NOT NULL);
  CREATE TABLE request (
    position INTEGER PRIMARY KEY,
    emitter TEXT NOT NULL,
    request_id TEXT NOT NULL,
    model_key TEXT NOT NULL,
    state INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    submitted_ms INTEGER NOT NULL,
    deadline_ms INTEGER NOT NULL,
    extended INTEGER NOT NULL DEFAULT 0,
    ended_ms INTEGER,
    regulation INTEGER NOT NULL DEFAULT 0,
    current BLOB NOT NULL,
    UNIQUE (request_id, emitter)
  );
  CREATE INDEX request_by_deadline ON request (model_key, ended_ms, deadline_ms);
  CREATE INDEX request_by_submission ON request (submitted_ms);
  CREATE INDEX request_by_model ON request (model_key, state, position);
  CREATE INDEX request_by_state ON request (state, position);
  CREATE TABLE status (
    position INTEGER NOT NULL,
    arrival INTEGER NOT NULL,
    state INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    status BLOB NOT NULL,
    PRIMARY KEY (position, state, sequence)
  ) WITHOUT ROWID;
`;

const byDue =
  'CREATE INDEX IF NOT EXISTS request_by_due ON request (ended_ms, deadline_ms, position);';

/** In place: the bus may have forgotten what a file still knows. */
const familiesAndAlerts = `
  ALTER TABLE request ADD COLUMN parent TEXT NOT NULL DEFAULT '';
  ALTER TABLE request ADD COLUMN next_alert_ms INTEGER;
  UPDATE request SET next_alert_ms = (submitted_ms + deadline_ms) / 2
    WHERE ended_ms IS NULL AND deadline_ms > 0 AND submitted_ms > 0;
  CREATE INDEX request_by_parent ON request (parent, emitter) WHERE parent <> '';
  CREATE INDEX request_by_alert ON request (next_alert_ms) WHERE next_alert_ms IS NOT NULL;
`;

/** Gauges look at these often: they hold what is open, and what lately ended well. */
const gaugeIndexes = `
  CREATE INDEX request_open ON request (model_key, deadline_ms, submitted_ms, state) WHERE ended_ms IS NULL;
  CREATE INDEX request_completed ON request (model_key, ended_ms) WHERE state = ${RequestState.REQUEST_STATE_COMPLETED};
`;

/** The release gate asks for what was opened again: few, among all that was ever said. */
const reopenings = `
  CREATE INDEX status_reopened ON status (position) WHERE state = ${RequestState.REQUEST_STATE_REOPENED};
`;

/** A new file is one of version 2, upgraded: there is one way to say what a table has. */
export const requestSchema: SqliteSchema = {
  name: 'request projection',
  version: projectionVersion,
  statements: `${version2}${byDue}${familiesAndAlerts}${gaugeIndexes}${reopenings}`,
  upgrades: {
    // With a new identity the view is made anew from the bus.
    1: `DROP TABLE status; DROP TABLE request; DROP TABLE identity; ${version2}`,
    2: byDue,
    3: familiesAndAlerts,
    4: gaugeIndexes,
    5: reopenings,
  },
};
