import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LetheError } from '@lethe/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SqliteFile } from './sqlite-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lethe-sqlite-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const schema = { name: 'test file', version: 1, statements: 'CREATE TABLE t (x INTEGER)' };

function open(name = 'a.sqlite', version = 1): SqliteFile {
  return SqliteFile.open(join(folder, name), { ...schema, version });
}

const countOf = ({ db }: SqliteFile) => db.prepare('SELECT count(*) AS n FROM t').get()?.['n'];

describe('SqliteFile', () => {
  it('makes its tables once and finds them again', () => {
    for (let count = 1; count <= 2; count++) {
      using file = open();
      file.transact(() => file.db.exec('INSERT INTO t VALUES (1)'));
      expect(countOf(file)).toBe(count);
    }
  });

  it('undoes a transaction that throws, and passes the error on', () => {
    using file = open();
    const refusal = new LetheError('conflict', 'no');
    const work = () => {
      file.db.exec('INSERT INTO t VALUES (1)');
      throw refusal;
    };
    expect(() => file.transact(work)).toThrow(refusal);
    expect(countOf(file)).toBe(0);
  });

  it('refuses a file of another schema, naming file and remedy', () => {
    open('a.sqlite', 2)[Symbol.dispose]();
    expect(() => open()).toThrowError(
      expect.objectContaining({
        code: 'precondition',
        message: expect.stringMatching(/a\.sqlite has schema 2; this Lethe knows 1\. Use/),
      }),
    );
  });

  it('makes a file of an older version one of this, step by step, and keeps what it holds', () => {
    {
      using old = open();
      old.transact(() => old.db.exec('INSERT INTO t VALUES (1)'));
    }
    const upgrades = { 1: 'ALTER TABLE t ADD COLUMN y', 2: 'ALTER TABLE t ADD COLUMN z' };
    for (let time = 0; time < 2; time++) {
      using file = SqliteFile.open(join(folder, 'a.sqlite'), { ...schema, version: 3, upgrades });
      expect(file.db.prepare('SELECT x, y, z FROM t').all()).toMatchObject([
        { x: 1, y: null, z: null },
      ]);
    }
    const gap = { ...schema, version: 5, upgrades: { 4: 'SELECT 1' } };
    expect(() => SqliteFile.open(join(folder, 'a.sqlite'), gap)).toThrowError(/has schema 3/);
  });

  it('undoes an upgrade that fails', () => {
    open()[Symbol.dispose]();
    const upgrades = { 1: 'ALTER TABLE t ADD COLUMN y; ALTER TABLE none ADD COLUMN z' };
    const broken = { ...schema, version: 2, upgrades };
    expect(() => SqliteFile.open(join(folder, 'a.sqlite'), broken)).toThrowError(/none/);
    using file = open();
    expect(countOf(file)).toBe(0);
  });

  it('refuses a file that is no SQLite file, and a folder that is not there', async () => {
    await writeFile(join(folder, 'b.sqlite'), 'x'.repeat(5_000));
    expect(() => open('b.sqlite')).toThrowError(expect.objectContaining({ code: 'corrupt' }));
    expect(() => open('none/c.sqlite')).toThrowError(
      expect.objectContaining({ code: 'precondition', message: expect.stringContaining('none/') }),
    );
  });

  it('says that the disk is full, and keeps what was there', () => {
    using file = open();
    file.transact(() => file.db.exec('INSERT INTO t VALUES (1)'));
    file.db.exec('PRAGMA max_page_count = 3');
    const fill = () => file.transact(() => file.db.exec('INSERT INTO t VALUES (zeroblob(100000))'));
    expect(fill).toThrowError(expect.objectContaining({ code: 'capacity' }));
    expect(countOf(file)).toBe(1);
  });
});
