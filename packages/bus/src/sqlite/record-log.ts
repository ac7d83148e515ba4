import { LetheError } from '@lethe/contracts';
import type { DatabaseSync, StatementSync } from '@lethe/sqlite';
import type { IncomingRecord, OutgoingRecord } from '../message-bus.ts';
import { partitionOf } from '../murmur2.ts';
import { recordLimit } from '../record-limit.ts';
import { offsetsPerLog, type TopicTable } from './topic-table.ts';

/** A record whose log is known and whose size is allowed. */
export interface PreparedRecord {
  readonly logId: number;
  readonly key: string;
  readonly headers: string | null;
  readonly value: Uint8Array;
}

export interface LogBounds {
  /** The earliest offset kept. */
  readonly start: number;
  /** The offset that the next record gets. */
  readonly end: number;
}

export interface LogPosition {
  readonly topic: string;
  readonly partition: number;
  readonly logId: number;
}

/** One read gives at most this much, however many records were asked for (one at least). */
const maxReadBytes = 8 * 1024 * 1024;

/** Appending to and reading from the logs. Everything here is synchronous and holds no state. */
export class RecordLog {
  readonly #topics: TopicTable;
  readonly #maxRecordBytes: number;
  readonly #bounds: StatementSync;
  readonly #setEnd: StatementSync;
  readonly #insert: StatementSync;
  readonly #select: StatementSync;

  constructor(db: DatabaseSync, topics: TopicTable, maxRecordBytes: number) {
    this.#topics = topics;
    this.#maxRecordBytes = maxRecordBytes;
    this.#bounds = db.prepare('SELECT start_offset, end_offset FROM log WHERE id = ?');
    this.#setEnd = db.prepare('UPDATE log SET end_offset = ? WHERE id = ?');
    this.#insert = db.prepare(
      'INSERT INTO record (id, timestamp_ms, key, headers, value) VALUES (?, ?, ?, ?, ?)',
    );
    this.#select = db.prepare(
      'SELECT id, timestamp_ms, key, headers, value FROM record WHERE id >= ? AND id < ? ORDER BY id LIMIT ?',
    );
  }

  /** @throws LetheError `not_found` (topic), `capacity` (too big) */
  prepare(record: OutgoingRecord): PreparedRecord {
    const topic = this.#topics.get(record.topic);
    const headers = serializeHeaders(record.headers);
    const prepared: PreparedRecord = {
      logId: topic.logIds[partitionOf(record.key, topic.partitions)] as number,
      key: record.key,
      headers,
      value: record.value,
    };
    const sizeBytes = sizeOf(prepared);
    const limitBytes = recordLimit(record.topic, this.#maxRecordBytes);
    if (sizeBytes <= limitBytes) return prepared;
    throw new LetheError(
      'capacity',
      `A record for topic ${record.topic} with key ${JSON.stringify(record.key)} has ${sizeBytes} bytes; the limit is ${limitBytes}. Put its payload into the object store and send the digest.`,
    );
  }

  /** An appender for one transaction: `append` any number of times, then `finish` once. */
  appender(timestampMs: number): { append(record: PreparedRecord): void; finish(): number[] } {
    const ends = new Map<number, number>();
    return {
      append: ({ logId, key, headers, value }) => {
        const offset = ends.get(logId) ?? this.bounds(logId).end;
        this.#insert.run(logId * offsetsPerLog + offset, timestampMs, key, headers, value);
        ends.set(logId, offset + 1);
      },
      finish: () => {
        for (const [logId, end] of ends) this.#setEnd.run(end, logId);
        return [...ends.keys()];
      },
    };
  }

  bounds(logId: number): LogBounds {
    const row = this.#bounds.get(logId);
    return { start: Number(row?.['start_offset']), end: Number(row?.['end_offset']) };
  }

  /** The records from `offset` on, at most `limit` of them and about 8 MiB. */
  read({ topic, partition, logId }: LogPosition, offset: number, limit: number): IncomingRecord[] {
    const first = logId * offsetsPerLog;
    const rows = this.#select.iterate(first + offset, first + offsetsPerLog, limit);
    const records: IncomingRecord[] = [];
    let sizeBytes = 0;
    for (const row of rows) {
      const value = row['value'] as Uint8Array;
      records.push({
        topic,
        partition,
        offset: BigInt(Number(row['id']) - first),
        key: String(row['key']),
        value,
        headers: row['headers'] === null ? {} : JSON.parse(String(row['headers'])),
        timestampMs: Number(row['timestamp_ms']),
      });
      sizeBytes += value.length;
      if (sizeBytes >= maxReadBytes) break;
    }
    return records;
  }
}

/** What a record counts against the limits: value, key and headers. */
export function sizeOf({ key, headers, value }: PreparedRecord): number {
  return (
    value.length + Buffer.byteLength(key) + (headers === null ? 0 : Buffer.byteLength(headers))
  );
}

function serializeHeaders(headers: OutgoingRecord['headers']): string | null {
  if (headers === undefined) return null;
  const text = JSON.stringify(headers);
  return text === '{}' ? null : text;
}
