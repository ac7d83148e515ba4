import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeletionStatus, RequestState } from '@lethe/contracts';
import { SqliteFile } from '@lethe/sqlite';
import { expect, it } from 'vitest';
import { RequestProjection } from './request-projection.ts';

const former = `
  CREATE TABLE identity (id TEXT NOT NULL);
  INSERT INTO identity VALUES ('old');
  CREATE TABLE request (position INTEGER PRIMARY KEY, state INTEGER);
  CREATE TABLE status (position INTEGER);
`;

it('makes a file of the version before anew, under another identity', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lethe-projection-'));
  try {
    const file = join(folder, 'requests.sqlite');
    const schema = { name: 'request projection', version: 1, statements: former };
    SqliteFile.open(file, schema)[Symbol.dispose]();
    using projection = RequestProjection.open(file);
    expect(projection.id).not.toBe('old');
    const state = RequestState.REQUEST_STATE_ACCEPTED;
    projection.apply([DeletionStatus.fromPartial({ requestId: 'r', emitter: 'e', state })]);
    expect(projection.find('r', 'e')).toHaveLength(1);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

const version2 = `
  CREATE TABLE identity (id TEXT NOT NULL);
  INSERT INTO identity VALUES ('kept');
  CREATE TABLE request (
    position INTEGER PRIMARY KEY, emitter TEXT NOT NULL, request_id TEXT NOT NULL,
    model_key TEXT NOT NULL, state INTEGER NOT NULL, sequence INTEGER NOT NULL,
    submitted_ms INTEGER NOT NULL, deadline_ms INTEGER NOT NULL,
    extended INTEGER NOT NULL DEFAULT 0, ended_ms INTEGER,
    regulation INTEGER NOT NULL DEFAULT 0, current BLOB NOT NULL, UNIQUE (request_id, emitter));
  CREATE TABLE status (
    position INTEGER NOT NULL, arrival INTEGER NOT NULL, state INTEGER NOT NULL,
    sequence INTEGER NOT NULL, status BLOB NOT NULL,
    PRIMARY KEY (position, state, sequence)) WITHOUT ROWID;
  INSERT INTO request VALUES (1, 'e', 'r', 'm1', 1, 0, 1000, 2000, 0, NULL, 1, x'');
`;

it('keeps what a file of version 2 knows: the bus may have forgotten it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lethe-projection-'));
  try {
    const file = join(folder, 'requests.sqlite');
    const schema = { name: 'request projection', version: 2, statements: version2 };
    SqliteFile.open(file, schema)[Symbol.dispose]();
    using projection = RequestProjection.open(file);
    expect(projection.id).toBe('kept');
    expect(projection.find('r', 'e')).toHaveLength(1);
    expect(projection.alertsDue(new Date(1499), 10)).toHaveLength(0);
    expect(projection.alertsDue(new Date(1500), 10)).toHaveLength(1);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it('gives the requests of a year in pages, each once, whatever is applied in between', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lethe-projection-'));
  try {
    using projection = RequestProjection.open(join(folder, 'requests.sqlite'));
    const status = (requestId: string, submittedMs: number, state: RequestState) =>
      DeletionStatus.fromPartial({
        ...{ requestId, emitter: 'e', modelKey: 'm1', state, time: new Date(9_000) },
        submittedTime: new Date(submittedMs),
      });
    // Many at one instant, out of order, and the instants at which the year begins and ends.
    const times = [3_000, 1_000, 2_000, 2_000, 2_000, 2_000, 999, 4_000];
    const { REQUEST_STATE_ACCEPTED: accepted, REQUEST_STATE_COMPLETED: completed } = RequestState;
    projection.apply(times.map((ms, index) => status(`r${index}`, ms, accepted)));

    const seen: number[] = [];
    const sizes: number[] = [];
    for (const page of projection.submittedIn(new Date(1_000), new Date(4_000), 2)) {
      sizes.push(page.length);
      seen.push(...page.map(({ submittedMs }) => submittedMs));
      projection.apply([status('r1', 1_000, completed), status('late', 1_000, accepted)]);
    }
    expect(seen).toEqual([1_000, 2_000, 2_000, 2_000, 2_000, 3_000]);
    expect(sizes).toEqual([2, 2, 2, 0]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
