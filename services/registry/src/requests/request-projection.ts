import { randomUUID } from 'node:crypto';
import { DeletionStatus, type RequestState } from '@lethe/contracts';
import { SqliteFile, type SqliteSchema } from '@lethe/sqlite';
import { isAdvance } from './request-progress.ts';

export interface ProjectedRequest {
  /** Grows in the order of arrival. */
  readonly position: number;
  readonly current: DeletionStatus;
  /** In the order of arrival. */
  readonly history: readonly DeletionStatus[];
}

export interface RequestFilter {
  readonly modelKey?: string;
  readonly state?: RequestState;
  readonly emitter?: string;
  readonly afterPosition: number;
  readonly limit: number;
}

const schema: SqliteSchema = {
  name: 'request projection',
  version: 1,
  statements: `
    CREATE TABLE identity (id TEXT NOT NULL);
    CREATE TABLE request (
      position INTEGER PRIMARY KEY,
      emitter TEXT NOT NULL,
      request_id TEXT NOT NULL,
      model_key TEXT NOT NULL,
      state INTEGER NOT NULL,
      sequence INTEGER NOT NULL,
      current BLOB NOT NULL,
      UNIQUE (request_id, emitter)
    );
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
  `,
};

interface RequestRow {
  readonly position: number;
  readonly state: RequestState;
  readonly sequence: number;
  readonly current: Uint8Array;
}

/**
 * Where every request stands: a view of topic deletion.status.v1 that can be thrown away. A status
 * is known by request, state and round; the same one again changes nothing.
 */
export class RequestProjection implements Disposable {
  /** Of this file: a new one has to read the topic from its beginning. */
  readonly id: string;
  readonly #file: SqliteFile;
  readonly #find;
  readonly #findAnyEmitter;
  readonly #insert;
  readonly #update;
  readonly #addStatus;
  readonly #history;
  readonly #count;

  /** @throws LetheError `precondition`, `corrupt`, `capacity` naming the file */
  static open(file: string): RequestProjection {
    return new RequestProjection(SqliteFile.open(file, schema));
  }

  private constructor(file: SqliteFile) {
    const { db } = file;
    const columns = 'position, state, sequence, current';
    this.#file = file;
    this.id = identityOf(file);
    this.#find = db.prepare(`SELECT ${columns} FROM request WHERE request_id = ? AND emitter = ?`);
    this.#findAnyEmitter = db.prepare(
      `SELECT ${columns} FROM request WHERE request_id = ? LIMIT 2`,
    );
    this.#insert = db.prepare(
      'INSERT INTO request (emitter, request_id, model_key, state, sequence, current) VALUES (?, ?, ?, ?, ?, ?)',
    );
    this.#update = db.prepare(
      'UPDATE request SET state = ?, sequence = ?, current = ? WHERE position = ?',
    );
    this.#addStatus = db.prepare(
      `INSERT INTO status
       SELECT ?1, (SELECT count(*) FROM status WHERE position = ?1), ?2, ?3, ?4
       ON CONFLICT DO NOTHING`,
    );
    this.#history = db.prepare('SELECT status FROM status WHERE position = ? ORDER BY arrival');
    this.#count = db.prepare(
      'SELECT count(*) AS count FROM request WHERE model_key = ? AND state = ?',
    );
  }

  /** Takes statuses in, all or none; durable when it returns. */
  apply(statuses: readonly DeletionStatus[]): void {
    this.#file.transact(() => {
      for (const status of statuses) this.#applyOne(status);
    });
  }

  /** Requests with this id: at most one when the emitter is given, else the first two. */
  find(requestId: string, emitter: string): ProjectedRequest[] {
    return this.#file.attempt(() => {
      const rows =
        emitter === '' ? this.#findAnyEmitter.all(requestId) : this.#find.all(requestId, emitter);
      return rows.map((row) => this.#withHistory(row as unknown as RequestRow));
    });
  }

  /** In the order of arrival. */
  list({ modelKey, state, emitter, afterPosition, limit }: RequestFilter): ProjectedRequest[] {
    const conditions = ['position > ?'];
    const values: (string | number)[] = [afterPosition];
    if (modelKey !== undefined) {
      conditions.push('model_key = ?');
      values.push(modelKey);
    }
    if (state !== undefined) {
      conditions.push('state = ?');
      values.push(state);
    }
    if (emitter !== undefined) {
      conditions.push('emitter = ?');
      values.push(emitter);
    }
    return this.#file.attempt(() => {
      const rows = this.#file.db
        .prepare(
          `SELECT position, state, sequence, current FROM request
           WHERE ${conditions.join(' AND ')} ORDER BY position LIMIT ?`,
        )
        .all(...values, limit);
      return rows.map((row) => this.#withHistory(row as unknown as RequestRow));
    });
  }

  count(modelKey: string, state: RequestState): number {
    return this.#file.attempt(() => Number(this.#count.get(modelKey, state)?.['count']));
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  #applyOne(status: DeletionStatus): void {
    const { requestId, emitter, modelKey, state, sequence } = status;
    const bytes = DeletionStatus.encode(status).finish();
    const row = this.#find.get(requestId, emitter) as unknown as RequestRow | undefined;
    const position =
      row?.position ??
      Number(
        this.#insert.run(emitter, requestId, modelKey, state, sequence, bytes).lastInsertRowid,
      );
    this.#addStatus.run(position, state, sequence, bytes);
    if (row !== undefined && isAdvance(row, status)) {
      this.#update.run(state, sequence, bytes, position);
    }
  }

  #withHistory({ position, current }: RequestRow): ProjectedRequest {
    const history = this.#history.all(position);
    return {
      position,
      current: DeletionStatus.decode(current),
      history: history.map((row) => DeletionStatus.decode(row['status'] as Uint8Array)),
    };
  }
}

function identityOf(file: SqliteFile): string {
  return file.transact(() => {
    const known = file.db.prepare('SELECT id FROM identity').get()?.['id'];
    if (known !== undefined) return String(known);
    const id = randomUUID();
    file.db.prepare('INSERT INTO identity VALUES (?)').run(id);
    return id;
  });
}
