import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openDurable, transact } from './durable-database.ts';

async function withDatabase(test: (db: ReturnType<typeof openDurable>) => void): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'lethe-database-'));
  const db = openDurable(join(folder, 'test.db'));
  try {
    test(db);
  } finally {
    db.close();
    await rm(folder, { recursive: true });
  }
}

it('commits to a write-ahead log with an fsync per commit', () =>
  withDatabase((db) => {
    expect(db.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    // 2 is FULL (sqlite.org/pragma.html#pragma_synchronous)
    expect(db.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 });
  }));

it('undoes the whole transaction when its work throws', () =>
  withDatabase((db) => {
    db.exec('CREATE TABLE t (x INTEGER)');
    const work = () => {
      db.exec('INSERT INTO t VALUES (1)');
      throw new Error('half way');
    };
    expect(() => transact(db, work)).toThrow('half way');
    expect(db.prepare('SELECT count(*) AS n FROM t').get()).toEqual({ n: 0 });
    expect(db.isTransaction).toBe(false);
  }));
