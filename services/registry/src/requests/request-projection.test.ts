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
