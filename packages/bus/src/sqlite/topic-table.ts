import { LetheError, type TopicSpec } from '@lethe/contracts';
import { type DatabaseSync, type StatementSync, transact } from '@lethe/sqlite';
import { checkTopicSpec } from '../check-topic-spec.ts';

/** A topic and the ids of its logs, by partition. */
export interface Topic extends TopicSpec {
  readonly logIds: readonly number[];
}

/** A record's row id is log id × 2⁴⁰ + offset; up to 2¹³ logs that stays an exact number. */
export const offsetsPerLog = 2 ** 40;
const maxLogs = 2 ** 13 - 1;

/** The topics of the file, remembered: a topic never loses or gains partitions. */
export class TopicTable {
  readonly #db: DatabaseSync;
  readonly #known = new Map<string, Topic>();
  readonly #selectTopic: StatementSync;
  readonly #selectLogs: StatementSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#selectTopic = db.prepare(
      'SELECT id, name, partitions, retention_ms FROM topic WHERE name = ?',
    );
    this.#selectLogs = db.prepare('SELECT id FROM log WHERE topic_id = ? ORDER BY partition');
  }

  /** @throws LetheError `not_found` */
  get(name: string): Topic {
    const topic = this.find(name);
    if (topic !== undefined) return topic;
    throw new LetheError(
      'not_found',
      `topic = ${JSON.stringify(name)}: there is no such topic. Create it with ensureTopics first.`,
    );
  }

  find(name: string): Topic | undefined {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const row = this.#selectTopic.get(name);
    if (row === undefined) return undefined;
    const topic: Topic = {
      name,
      partitions: Number(row['partitions']),
      retentionMs: Number(row['retention_ms']),
      logIds: this.#selectLogs.all(row['id'] as number).map((log) => Number(log['id'])),
    };
    this.#known.set(name, topic);
    return topic;
  }

  all(): readonly Topic[] {
    const rows = this.#db.prepare('SELECT name FROM topic ORDER BY id').all();
    return rows.map((row) => this.get(String(row['name'])));
  }

  /** Creates what is missing and takes over changed retention; all of `specs` or none. */
  ensure(specs: readonly TopicSpec[]): void {
    for (const spec of specs) checkTopicSpec(spec);
    const settled = (spec: TopicSpec) => this.find(spec.name)?.retentionMs === spec.retentionMs;
    for (const spec of specs) this.#checkPartitions(spec);
    if (specs.every(settled)) return;
    const changed = specs.filter((spec) => !settled(spec));
    transact(this.#db, () => {
      for (const spec of changed) {
        // Another process may have created it since.
        this.#known.delete(spec.name);
        this.#checkPartitions(spec);
        if (this.find(spec.name) === undefined) this.#create(spec);
        else this.#changeRetention(spec);
        this.#known.delete(spec.name);
      }
    });
  }

  #create(spec: TopicSpec): void {
    const logs = Number(this.#db.prepare('SELECT count(*) AS n FROM log').get()?.['n']);
    if (logs + spec.partitions > maxLogs) {
      throw new LetheError(
        'capacity',
        `topic = ${JSON.stringify(spec.name)}: a message log holds at most ${maxLogs} partitions in all, ${logs} exist. Use fewer partitions.`,
      );
    }
    const { lastInsertRowid } = this.#db
      .prepare('INSERT INTO topic (name, partitions, retention_ms) VALUES (?, ?, ?)')
      .run(spec.name, spec.partitions, spec.retentionMs);
    const insertLog = this.#db.prepare('INSERT INTO log (topic_id, partition) VALUES (?, ?)');
    for (let partition = 0; partition < spec.partitions; partition++) {
      insertLog.run(lastInsertRowid, partition);
    }
  }

  #changeRetention(spec: TopicSpec): void {
    this.#db
      .prepare('UPDATE topic SET retention_ms = ? WHERE name = ?')
      .run(spec.retentionMs, spec.name);
  }

  #checkPartitions(spec: TopicSpec): void {
    const existing = this.find(spec.name);
    if (existing === undefined || existing.partitions === spec.partitions) return;
    throw new LetheError(
      'precondition',
      `topic = ${JSON.stringify(spec.name)}: it exists with ${existing.partitions} partitions, ${spec.partitions} are wanted. Keys would change partition and lose their order: keep the number, or use a new topic.`,
    );
  }
}
