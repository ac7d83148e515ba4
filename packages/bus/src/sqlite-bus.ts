import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { LetheError, type TopicSpec } from '@lethe/contracts';
import { type DatabaseSync, type StatementSync, translateSqliteError } from '@lethe/sqlite';
import { type Backoff, exponentialBackoff } from './backoff.ts';
import type {
  ConsumeOptions,
  Consumption,
  MessageBus,
  OutgoingRecord,
  PartitionLag,
} from './message-bus.ts';
import { SqliteConsumption } from './sqlite/consumption.ts';
import { GroupTable } from './sqlite/group-table.ts';
import { openBusDatabase } from './sqlite/open-database.ts';
import type { BusParts } from './sqlite/owned-partition.ts';
import { type PreparedRecord, RecordLog, sizeOf } from './sqlite/record-log.ts';
import { removeExpired } from './sqlite/retention.ts';
import { migrate } from './sqlite/schema.ts';
import { TopicTable } from './sqlite/topic-table.ts';
import { WakeUps } from './sqlite/wake-ups.ts';
import { WriteQueue } from './sqlite/write-queue.ts';

export interface SqliteBusOptions {
  /** The database file; its folder must exist. Beside it SQLite keeps `-wal` and `-shm`. */
  readonly file: string;
  /** Milliseconds since 1970; stamps records, retention and the life signs of members. */
  readonly now?: () => number;
  /** How long a hand-over waits after a failed one. Default: 100 ms, doubling, at most 30 s. */
  readonly backoff?: Backoff;
  /** How often to look for what other processes wrote. Default 200 ms. */
  readonly pollMs?: number;
  /** A member of another host that was silent for this long has left. Default 10 s. */
  readonly sessionTimeoutMs?: number;
  /** How often expired records are removed. Default: every hour. */
  readonly retentionEveryMs?: number;
  /** Key, headers and value of one record. Default 1 MiB. */
  readonly maxRecordBytes?: number;
  /** The file grows no further than this, and publishing throws `capacity`. Default: no limit. */
  readonly maxFileBytes?: number;
}

const mebibyte = 1024 * 1024;
const maxRecordsPerWrite = 10_000;
const maxBytesPerWrite = 64 * mebibyte;

/**
 * The embedded message bus: a partitioned log in one SQLite file, durable when `publish` and
 * `commit` return (write-ahead log, one fsync per group of writes). Several processes may open the
 * same file; they share groups and partitions like members of one process, and fence each other.
 *
 * SQLite works synchronously: this object belongs to one thread, and a write occupies it for about
 * 0.2 ms plus 5 µs per record.
 */
export class SqliteBus implements MessageBus {
  readonly #db: DatabaseSync;
  readonly #file: string;
  readonly #now: () => number;
  readonly #backoff: Backoff;
  readonly #pollMs: number;
  readonly #sessionTimeoutMs: number;
  readonly #heartbeatEveryMs: number;
  readonly #topics: TopicTable;
  readonly #parts: BusParts;
  readonly #consumptions = new Set<SqliteConsumption>();
  readonly #retentionTimer: NodeJS.Timeout;
  readonly #selectDataVersion: StatementSync;
  #pollTimer: NodeJS.Timeout | undefined;
  #dataVersion = 0;
  #lastHeartbeatMs = 0;
  #disposal: Promise<void> | undefined;

  /**
   * @throws LetheError `precondition` (folder missing or read-only, newer schema, foreign file),
   * `corrupt`, `capacity` (disk full)
   */
  static async open(options: SqliteBusOptions): Promise<SqliteBus> {
    let db: DatabaseSync | undefined;
    try {
      db = openBusDatabase(options.file, options.maxFileBytes);
      migrate(db, options.file);
      return new SqliteBus(db, options);
    } catch (thrown) {
      db?.close();
      throw translateSqliteError(thrown, `The message log ${options.file}`);
    }
  }

  private constructor(db: DatabaseSync, options: SqliteBusOptions) {
    const now = options.now ?? Date.now;
    const sessionTimeoutMs = options.sessionTimeoutMs ?? 10_000;
    const topics = new TopicTable(db);
    const log = new RecordLog(db, topics, options.maxRecordBytes ?? mebibyte);
    const wakeUps = new WakeUps();
    this.#db = db;
    this.#file = options.file;
    this.#now = now;
    this.#backoff = options.backoff ?? exponentialBackoff();
    this.#pollMs = options.pollMs ?? 200;
    this.#sessionTimeoutMs = sessionTimeoutMs;
    this.#heartbeatEveryMs = sessionTimeoutMs / 3;
    this.#topics = topics;
    this.#selectDataVersion = db.prepare('PRAGMA data_version');
    this.#parts = {
      file: options.file,
      log,
      wakeUps,
      groups: new GroupTable(db, now, sessionTimeoutMs),
      queue: new WriteQueue({
        db,
        file: options.file,
        log,
        now,
        onAppended: (logIds) => wakeUps.wake(logIds),
      }),
      prepare: (records) => this.#prepare(records),
    };
    this.#retentionTimer = setInterval(() => {
      // Nobody to tell: what could not be removed now is tried again next time.
      this.applyRetention().catch(() => {});
    }, options.retentionEveryMs ?? 3_600_000).unref();
  }

  async ensureTopics(specs: readonly TopicSpec[]): Promise<void> {
    this.#attempt(() => this.#topics.ensure(specs));
  }

  async publish(records: readonly OutgoingRecord[]): Promise<void> {
    this.#checkOpen();
    if (records.length > 0) await this.#parts.queue.submit(this.#prepare(records));
  }

  async consume(options: ConsumeOptions): Promise<Consumption> {
    return this.#attempt(() => {
      for (const topic of options.topics) this.#topics.get(topic);
      const { group, topics } = options;
      const member = { group, id: randomUUID(), topics: [...new Set(topics)] };
      const consumption: SqliteConsumption = new SqliteConsumption(
        this.#parts,
        options,
        member,
        this.#backoff,
        () => this.#remove(consumption),
      );
      this.#parts.groups.join(member);
      this.#consumptions.add(consumption);
      this.#startPolling();
      this.#reconcile();
      return consumption;
    });
  }

  async lag(group: string, topics: readonly string[]): Promise<readonly PartitionLag[]> {
    return this.#attempt(() =>
      topics.flatMap((topic) =>
        this.#topics.get(topic).logIds.map((logId, partition) => {
          const { start, end } = this.#parts.log.bounds(logId);
          const committed = Math.max(start, this.#parts.groups.committed(group, logId) ?? start);
          return {
            topic,
            partition,
            committed: BigInt(committed),
            end: BigInt(end),
            lag: BigInt(end - committed),
          };
        }),
      ),
    );
  }

  /**
   * Removes records older than their topic's retention, oldest first. What some group has not
   * committed stays, unless `evenUnread` is set.
   *
   * @returns the number of records removed
   */
  async applyRetention(options: { readonly evenUnread?: boolean } = {}): Promise<number> {
    const { evenUnread = false } = options;
    let total = 0;
    for (const topic of this.#attempt(() => this.#topics.all())) {
      for (const logId of topic.logIds) {
        for (let isDone = false; !isDone && this.#disposal === undefined; await nextTurn()) {
          const nowMs = this.#now();
          const step = this.#attempt(() =>
            removeExpired(this.#db, this.#parts.log, topic, logId, { nowMs, evenUnread }),
          );
          total += step.removed;
          isDone = step.isDone;
        }
      }
    }
    return total;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#disposal ??= this.#dispose();
    return this.#disposal;
  }

  async #dispose(): Promise<void> {
    clearInterval(this.#retentionTimer);
    this.#parts.queue.flush();
    await Promise.all([...this.#consumptions].map((each) => each[Symbol.asyncDispose]()));
    this.#parts.queue.flush();
    this.#db.close();
  }

  #prepare(records: readonly OutgoingRecord[]): readonly PreparedRecord[] {
    if (records.length > maxRecordsPerWrite) {
      throw new LetheError(
        'capacity',
        `${records.length} records in one call; at most ${maxRecordsPerWrite} can be written all or nothing. Split them over several calls.`,
      );
    }
    return this.#attempt(() => {
      const prepared = records.map((record) => this.#parts.log.prepare(record));
      const sizeBytes = prepared.reduce((sum, record) => sum + sizeOf(record), 0);
      if (sizeBytes <= maxBytesPerWrite) return prepared;
      throw new LetheError(
        'capacity',
        `${sizeBytes} bytes in one call; at most ${maxBytesPerWrite} can be written all or nothing. Split the records over several calls.`,
      );
    });
  }

  #remove(consumption: SqliteConsumption): void {
    this.#consumptions.delete(consumption);
    if (this.#consumptions.size === 0) clearInterval(this.#pollTimer);
    this.#reconcile();
  }

  #startPolling(): void {
    if (this.#consumptions.size > 1) return;
    this.#lastHeartbeatMs = performance.now();
    this.#dataVersion = this.#readDataVersion();
    this.#pollTimer = setInterval(() => this.#poll(), this.#pollMs);
  }

  /** Sees what other processes did, and shows them that this one lives. */
  #poll(): void {
    try {
      const sinceMs = performance.now() - this.#lastHeartbeatMs;
      if (sinceMs >= this.#heartbeatEveryMs) {
        const members = [...this.#consumptions].map((each) => each.member);
        // Held up for a session itself, as when the machine slept, it takes nobody for dead: the
        // others may have been held up with it, and show that they live a moment later.
        this.#parts.groups.heartbeat(members, sinceMs < this.#sessionTimeoutMs);
        this.#lastHeartbeatMs = performance.now();
        this.#reconcile();
      }
      const version = this.#readDataVersion();
      if (version === this.#dataVersion) return;
      this.#dataVersion = version;
      this.#parts.wakeUps.wakeAll();
      this.#reconcile();
    } catch (thrown) {
      // Busy or full: the next poll tries again.
      const error = translateSqliteError(thrown, `The message log ${this.#file}`);
      for (const consumption of this.#consumptions) consumption.fail(error);
    }
  }

  /** Changes with every commit of another connection, never with one of ours. */
  #readDataVersion(): number {
    return Number(this.#selectDataVersion.get()?.['data_version']);
  }

  #reconcile(): void {
    for (const consumption of this.#consumptions) consumption.reconcile();
  }

  #attempt<T>(work: () => T): T {
    this.#checkOpen();
    try {
      return work();
    } catch (thrown) {
      throw translateSqliteError(thrown, `The message log ${this.#file}`);
    }
  }

  #checkOpen(): void {
    if (this.#disposal === undefined) return;
    throw new LetheError('precondition', `The message log ${this.#file} has been closed.`);
  }
}
