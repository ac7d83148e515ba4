import { SqliteFile, type SqliteSchema } from '@lethe/sqlite';
import { decodeRecords, encodeRecords } from './outbox-codec.ts';
import type {
  OutboxEntry,
  RequestIndex,
  Reservation,
  ReserveOutcome,
  ReserveResult,
} from './request-index.ts';

/** `user_version` of the files that this code writes. */
export const requestIndexVersion = 2;

const schema: SqliteSchema = {
  name: 'request index',
  version: requestIndexVersion,
  // Rows are appended; only the index, which is small, is written all over by random ids.
  // A call of reserve() is one outbox row, whatever the number of its requests. Tags are never
  // used twice, so that a request can name the row its records were in long after it is gone.
  statements: `
    CREATE TABLE request (
      arrival INTEGER PRIMARY KEY,
      emitter TEXT NOT NULL,
      request_id BLOB NOT NULL,
      receipt BLOB NOT NULL,
      outbox_tag INTEGER NOT NULL,
      origin TEXT
    );
    CREATE UNIQUE INDEX request_by_id ON request (request_id, emitter);
    CREATE TABLE outbox (tag INTEGER PRIMARY KEY AUTOINCREMENT, records BLOB NOT NULL);
  `,
  upgrades: { 1: 'ALTER TABLE request ADD COLUMN origin TEXT' },
};

/** Of requests whose records go out with the offset of their event; no outbox row has it. */
const noOutbox = 0;

interface RequestRow {
  readonly receipt: Uint8Array;
  readonly outbox_tag: number;
  readonly origin: string | null;
}

/** The request index as a SQLite file; one owner at a time. */
export class SqliteRequestIndex implements RequestIndex {
  readonly #file: SqliteFile;
  readonly #insert;
  readonly #find;
  readonly #addOutbox;
  readonly #setOutbox;
  readonly #getOutbox;
  readonly #nextOutbox;
  readonly #deleteOutbox;
  /** Deleted together with the next write, which has its fsync anyway. */
  #confirmed: number[] = [];

  /** @throws LetheError `precondition`, `corrupt`, `capacity` naming the file */
  static open(file: string): SqliteRequestIndex {
    return new SqliteRequestIndex(SqliteFile.open(file, schema));
  }

  private constructor(file: SqliteFile) {
    const { db } = file;
    this.#file = file;
    this.#insert = db.prepare(
      'INSERT INTO request (emitter, request_id, receipt, outbox_tag, origin) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
    );
    this.#find = db.prepare(
      'SELECT receipt, outbox_tag, origin FROM request WHERE request_id = ? AND emitter = ?',
    );
    this.#addOutbox = db.prepare("INSERT INTO outbox (records) VALUES (x'')");
    this.#setOutbox = db.prepare('UPDATE outbox SET records = ? WHERE tag = ?');
    this.#getOutbox = db.prepare('SELECT tag, records FROM outbox WHERE tag = ?');
    this.#nextOutbox = db.prepare(
      'SELECT tag, records FROM outbox WHERE tag > ? ORDER BY tag LIMIT 1',
    );
    this.#deleteOutbox = db.prepare('DELETE FROM outbox WHERE tag = ?');
  }

  reserve(reservations: readonly Reservation[]): ReserveResult {
    const confirmed = this.#confirmed;
    const result = this.#file.transact(() => {
      for (const tag of confirmed) this.#deleteOutbox.run(tag);
      const tag = Number(this.#addOutbox.run().lastInsertRowid);
      const knownTags = new Set<number>();
      const added: Reservation[] = [];
      const outcomes = reservations.map((reservation): ReserveOutcome => {
        if (this.#insertNew(reservation, tag)) {
          if (reservation.origin === undefined) added.push(reservation);
          return { kind: 'reserved' };
        }
        const known = this.#known(reservation);
        knownTags.add(known.outbox_tag);
        const isSameOrigin = known.origin !== null && known.origin === reservation.origin;
        return { kind: 'known', receipt: known.receipt, isSameOrigin };
      });
      const records = added.flatMap((reservation) => reservation.records);
      knownTags.delete(tag);
      const outbox = [...knownTags].flatMap((known) => this.#outboxEntry(known) ?? []);
      if (added.length === 0) {
        this.#deleteOutbox.run(tag);
      } else {
        this.#setOutbox.run(encodeRecords(records), tag);
        outbox.push({ tag, records });
      }
      return { outcomes, outbox };
    });
    this.#confirmed = this.#confirmed.slice(confirmed.length);
    return result;
  }

  confirm(tags: readonly number[]): void {
    this.#confirmed.push(...tags);
  }

  nextUnconfirmed(afterTag: number): OutboxEntry | undefined {
    this.#deleteConfirmed();
    return toEntry(this.#file.attempt(() => this.#nextOutbox.get(afterTag)));
  }

  [Symbol.dispose](): void {
    try {
      this.#deleteConfirmed();
    } finally {
      this.#file[Symbol.dispose]();
    }
  }

  #insertNew({ emitter, requestId, receipt, origin }: Reservation, tag: number): boolean {
    const outboxTag = origin === undefined ? tag : noOutbox;
    const id = uuidBytes(requestId);
    return this.#insert.run(emitter, id, receipt, outboxTag, origin ?? null).changes === 1;
  }

  #known({ emitter, requestId }: Reservation): RequestRow {
    return this.#find.get(uuidBytes(requestId), emitter) as unknown as RequestRow;
  }

  #outboxEntry(tag: number): OutboxEntry | undefined {
    return toEntry(this.#getOutbox.get(tag));
  }

  #deleteConfirmed(): void {
    const confirmed = this.#confirmed;
    if (confirmed.length === 0) return;
    this.#file.transact(() => {
      for (const tag of confirmed) this.#deleteOutbox.run(tag);
    });
    this.#confirmed = [];
  }
}

function toEntry(row: Record<string, unknown> | undefined): OutboxEntry | undefined {
  if (row === undefined) return undefined;
  return { tag: Number(row['tag']), records: decodeRecords(row['records'] as Uint8Array) };
}

function uuidBytes(requestId: string): Buffer {
  return Buffer.from(requestId.replaceAll('-', ''), 'hex');
}
