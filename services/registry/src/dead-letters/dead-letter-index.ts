import { randomUUID } from 'node:crypto';
import { DeadLetter, DeadLetterResolution, DeadLetterState } from '@lethe/contracts';
import { SqliteFile, type SqliteSchema } from '@lethe/sqlite';
import type { Original, ReadDeadLetter } from './read-dead-letter.ts';

export interface IndexedDeadLetter {
  /** Grows in the order of arrival. */
  readonly position: number;
  readonly letter: DeadLetter;
  /** Records with the same lane came in order. */
  readonly lane: string;
}

export interface DeadLetterFilter {
  readonly state: DeadLetterState;
  readonly topic?: string;
  readonly modelKey?: string;
  readonly afterPosition: number;
  readonly limit: number;
}

/** `user_version` of the files that this code writes. */
export const deadLetterIndexVersion = 1;

const schema: SqliteSchema = {
  name: 'index of dead letters',
  version: deadLetterIndexVersion,
  statements: `
    CREATE TABLE identity (id TEXT NOT NULL);
    CREATE TABLE dead_letter (
      position INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      topic TEXT NOT NULL,
      partition INTEGER NOT NULL,
      offset INTEGER NOT NULL,
      lane TEXT NOT NULL,
      state INTEGER NOT NULL,
      model_key TEXT NOT NULL,
      request_id TEXT NOT NULL,
      emitter TEXT NOT NULL,
      deadline_ms INTEGER,
      letter BLOB NOT NULL
    );
    CREATE INDEX dead_letter_by_state ON dead_letter (state, position);
    CREATE INDEX dead_letter_by_place ON dead_letter (topic, partition, offset);
    CREATE INDEX dead_letter_by_request ON dead_letter (request_id, emitter);
    CREATE TABLE original (
      position INTEGER PRIMARY KEY,
      key TEXT NOT NULL,
      headers TEXT NOT NULL,
      value BLOB NOT NULL
    );
    CREATE TABLE resolution (id TEXT PRIMARY KEY, resolution BLOB NOT NULL) WITHOUT ROWID;
  `,
};

interface Row {
  readonly position: number;
  readonly lane: string;
  readonly letter: Uint8Array;
}

/**
 * Every dead letter and its decision: a view of the dead-letter topics and of
 * dead-letter.resolved.v1 that can be thrown away. Holds the original bytes, which may be personal,
 * of open ones only.
 */
export class DeadLetterIndex implements Disposable {
  /** Of this file: a new one has to read the topics from their beginning. */
  readonly id: string;
  readonly #file: SqliteFile;

  /** @throws LetheError `precondition`, `corrupt`, `capacity` naming the file */
  static open(file: string): DeadLetterIndex {
    return new DeadLetterIndex(SqliteFile.open(file, schema));
  }

  private constructor(file: SqliteFile) {
    this.#file = file;
    this.id = identityOf(file);
  }

  /**
   * Takes dead letters and decisions in, all or none; durable when it returns. Known ones change
   * nothing, and a decision may come before what it is about.
   *
   * @returns the letters that are new and open
   */
  apply(
    letters: readonly ReadDeadLetter[],
    resolutions: readonly DeadLetterResolution[],
  ): DeadLetter[] {
    return this.#file.transact(() => {
      for (const resolution of resolutions) this.#resolve(resolution);
      return letters.flatMap((each) => this.#add(each) ?? []);
    });
  }

  /** By id, or by id without its digest where only one entry has that place. */
  find(id: string): IndexedDeadLetter | undefined {
    const rows = this.#query('id = ?', [id]);
    if (rows[0] !== undefined) return rows[0];
    const [, topic, partition, offset] = /^(.+)\/(\d{1,9})\/(\d{1,15})$/.exec(id) ?? [];
    if (topic === undefined) return undefined;
    const place = [topic, Number(partition), Number(offset)];
    const [found, other] = this.#query('topic = ? AND partition = ? AND offset = ?', place);
    return other === undefined ? found : undefined;
  }

  /** What a replay sends; `undefined` once it was decided, or where the bytes were left out. */
  original(position: number, topic: string): Original | undefined {
    return this.#file.attempt(() => {
      const row = this.#file.db.prepare('SELECT * FROM original WHERE position = ?').get(position);
      if (row === undefined) return undefined;
      const headers = JSON.parse(String(row['headers'])) as Record<string, string>;
      return { topic, key: String(row['key']), headers, value: row['value'] as Uint8Array };
    });
  }

  list({ state, topic, modelKey, afterPosition, limit }: DeadLetterFilter): IndexedDeadLetter[] {
    const conditions = ['state = ?', 'position > ?'];
    const values: (string | number)[] = [state, afterPosition];
    if (topic !== undefined) {
      conditions.push('topic = ?');
      values.push(topic);
    }
    if (modelKey !== undefined) {
      conditions.push('model_key = ?');
      values.push(modelKey);
    }
    return this.#query(`${conditions.join(' AND ')} ORDER BY position LIMIT ?`, [...values, limit]);
  }

  /** Those that hold this request, oldest first. */
  ofRequest(requestId: string, emitter: string): DeadLetter[] {
    const condition =
      'request_id = ? AND emitter = ? AND deadline_ms IS NOT NULL ORDER BY position';
    return this.#query(condition, [requestId, emitter]).map(({ letter }) => letter);
  }

  /** The first open one that came before, in the same lane. */
  openBefore({ letter, lane }: IndexedDeadLetter): DeadLetter | undefined {
    const { topic, partition, offset } = letter;
    const open = DeadLetterState.DEAD_LETTER_STATE_OPEN;
    const condition =
      'topic = ? AND partition = ? AND offset < ? AND lane = ? AND state = ? ORDER BY offset LIMIT 1';
    return this.#query(condition, [topic, partition, Number(offset), lane, open])[0]?.letter;
  }

  /** Open ones, those of them that hold a deletion request, and the nearest deadline. */
  openCounts(): { open: number; requests: number; nearestDeadline: Date | undefined } {
    return this.#file.attempt(() => {
      const row = this.#file.db
        .prepare(
          `SELECT count(*) AS open, count(deadline_ms) AS requests, min(deadline_ms) AS nearest
           FROM dead_letter WHERE state = ?`,
        )
        .get(DeadLetterState.DEAD_LETTER_STATE_OPEN);
      const nearest = row?.['nearest'] ?? undefined;
      return {
        open: Number(row?.['open']),
        requests: Number(row?.['requests']),
        nearestDeadline: nearest === undefined ? undefined : new Date(Number(nearest)),
      };
    });
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  #query(condition: string, values: readonly (string | number)[]): IndexedDeadLetter[] {
    return this.#file.attempt(() =>
      this.#file.db
        .prepare(`SELECT position, lane, letter FROM dead_letter WHERE ${condition}`)
        .all(...values)
        .map((row) => {
          const { position, lane, letter } = row as unknown as Row;
          return { position, lane, letter: DeadLetter.decode(letter) };
        }),
    );
  }

  #add({ letter, lane, original }: ReadDeadLetter): DeadLetter | undefined {
    const added = this.#file.db
      .prepare(
        `INSERT INTO dead_letter (id, topic, partition, offset, lane, state, model_key, request_id,
           emitter, deadline_ms, letter) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT DO NOTHING`,
      )
      .run(
        letter.id,
        letter.topic,
        letter.partition,
        Number(letter.offset),
        lane,
        letter.state,
        letter.modelKey,
        letter.requestId,
        letter.emitter,
        letter.deadline?.getTime() ?? null,
        DeadLetter.encode(letter).finish(),
      );
    if (added.changes === 0) return undefined;
    const decided = this.#file.db
      .prepare('SELECT resolution FROM resolution WHERE id = ?')
      .get(letter.id);
    if (decided !== undefined) {
      this.#resolve(DeadLetterResolution.decode(decided['resolution'] as Uint8Array));
      return undefined;
    }
    if (original !== undefined) {
      this.#file.db
        .prepare('INSERT INTO original VALUES (?, ?, ?, ?)')
        .run(
          Number(added.lastInsertRowid),
          original.key,
          JSON.stringify(original.headers),
          original.value,
        );
    }
    return letter;
  }

  #resolve(resolution: DeadLetterResolution): void {
    const { deadLetterId: id, state } = resolution;
    const bytes = DeadLetterResolution.encode(resolution).finish();
    this.#file.db
      .prepare('INSERT INTO resolution VALUES (?, ?) ON CONFLICT DO NOTHING')
      .run(id, bytes);
    const [found] = this.#query('id = ?', [id]);
    if (found === undefined) return;
    const letter = { ...found.letter, state, resolution };
    this.#file.db
      .prepare('UPDATE dead_letter SET state = ?, letter = ? WHERE position = ?')
      .run(state, DeadLetter.encode(letter).finish(), found.position);
    this.#file.db.prepare('DELETE FROM original WHERE position = ?').run(found.position);
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
