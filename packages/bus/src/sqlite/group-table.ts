import { hostname } from 'node:os';
import { LetheError } from '@lethe/contracts';
import { type DatabaseSync, type StatementSync, transact } from '@lethe/sqlite';
import { assign } from '../assign.ts';
import type { LogPosition } from './record-log.ts';

/** Who asks: one member of one group. */
export interface Membership {
  readonly group: string;
  readonly id: string;
  readonly topics: readonly string[];
}

/** The right to one log, until somebody takes a higher epoch. */
export interface Ownership {
  readonly epoch: number;
  readonly committed: number;
  readonly mark: string;
}

/**
 * Groups, their members and cursors, as rows that several processes share.
 *
 * Invariants:
 * 1. Every change of owner raises the cursor's epoch in the same transaction, so the former owner
 *    is fenced before the new one reads `committed`.
 * 2. A commit checks owner and epoch inside the transaction that carries its records.
 * 3. A member is gone when it leaves, when its process is dead, or when it was silent for the
 *    session time-out; whoever notices hands its partitions on.
 */
export class GroupTable {
  readonly #db: DatabaseSync;
  readonly #now: () => number;
  readonly #sessionTimeoutMs: number;
  readonly #cursor: StatementSync;
  readonly #moveCursor: StatementSync;
  readonly #raiseEpoch: StatementSync;
  readonly #owned: StatementSync;

  constructor(db: DatabaseSync, now: () => number, sessionTimeoutMs: number) {
    this.#db = db;
    this.#now = now;
    this.#sessionTimeoutMs = sessionTimeoutMs;
    this.#cursor = db.prepare(
      `SELECT committed, epoch, owner, end_offset FROM cursor JOIN log ON log.id = log_id
       WHERE group_name = ? AND log_id = ?`,
    );
    this.#moveCursor = db.prepare(
      'UPDATE cursor SET committed = ?, mark = ? WHERE group_name = ? AND log_id = ?',
    );
    this.#raiseEpoch = db.prepare(
      `UPDATE cursor SET epoch = epoch + 1 WHERE group_name = ? AND log_id = ? AND owner = ?
       RETURNING epoch, committed, mark`,
    );
    this.#owned = db.prepare(
      `SELECT log_id, epoch, partition, name FROM cursor
       JOIN log ON log.id = log_id JOIN topic ON topic.id = topic_id
       WHERE group_name = ? AND owner = ? ORDER BY log_id`,
    );
  }

  join(member: Membership): void {
    livingHere.add(member.id);
    transact(this.#db, () => {
      this.#insertMember(member);
      for (const topic of member.topics) this.#createCursors(member.group, topic);
      this.#dropDead(member.group);
      this.#reassign(member.group);
    });
  }

  leave(member: Membership): void {
    livingHere.delete(member.id);
    transact(this.#db, () => {
      this.#deleteMember(member.group, member.id);
      this.#reassign(member.group);
    });
  }

  /**
   * Says that `members` (of this process) live, and hands on what the dead ones owned; that only if
   * it `mayJudge` who is.
   */
  heartbeat(members: readonly Membership[], mayJudge: boolean): void {
    transact(this.#db, () => {
      for (const member of members) {
        const seen = this.#db
          .prepare('UPDATE member SET seen_ms = ? WHERE group_name = ? AND id = ?')
          .run(this.#now(), member.group, member.id);
        // Silent for too long, and therefore put out: come back in.
        if (seen.changes === 0) this.#insertMember(member);
      }
      if (!mayJudge) return;
      for (const group of new Set(members.map((member) => member.group))) {
        this.#dropDead(group);
        this.#reassign(group);
      }
    });
  }

  /** What `member` is to own now. */
  owned(member: Membership): (LogPosition & { readonly epoch: number })[] {
    return this.#owned.all(member.group, member.id).map((row) => ({
      topic: String(row['name']),
      partition: Number(row['partition']),
      logId: Number(row['log_id']),
      epoch: Number(row['epoch']),
    }));
  }

  /**
   * Begins a hand-over: fences whatever the member itself still has running on this log.
   *
   * @returns `undefined` when the log belongs to somebody else
   */
  take(member: Membership, logId: number): Ownership | undefined {
    const row = transact(this.#db, () => this.#raiseEpoch.get(member.group, logId, member.id));
    if (row === undefined) return undefined;
    return {
      epoch: Number(row['epoch']),
      committed: Number(row['committed']),
      mark: String(row['mark']),
    };
  }

  /**
   * Moves the committed offset and sets the mark beside it; to be called inside a transaction.
   *
   * @throws LetheError `fenced`, or `invalid` when the offset goes backwards or beyond the end
   */
  commit(
    member: Membership,
    position: LogPosition,
    epoch: number,
    nextOffset: bigint,
    mark: string,
  ): void {
    const row = this.#cursor.get(member.group, position.logId);
    if (row === undefined || row['owner'] !== member.id || row['epoch'] !== epoch) {
      throw fencedError(member.group, position);
    }
    const committed = Number(row['committed']);
    const end = Number(row['end_offset']);
    if (nextOffset < committed || nextOffset > end) {
      throw LetheError.invalid(
        'nextOffset',
        String(nextOffset),
        `must be from ${committed} (committed) to ${end} (end of ${position.topic}/${position.partition})`,
        'Commit the offset of the last handled record plus 1.',
      );
    }
    this.#moveCursor.run(Number(nextOffset), mark, member.group, position.logId);
  }

  /** The committed offset of a group, `undefined` when it never read this log. */
  committed(group: string, logId: number): number | undefined {
    const row = this.#cursor.get(group, logId);
    return row === undefined ? undefined : Number(row['committed']);
  }

  #insertMember({ group, id, topics }: Membership): void {
    this.#db
      .prepare('INSERT INTO member VALUES (?, ?, ?, ?, ?, ?)')
      .run(group, id, hostname(), process.pid, JSON.stringify(topics), this.#now());
  }

  #deleteMember(group: string, id: string): void {
    this.#db.prepare('DELETE FROM member WHERE group_name = ? AND id = ?').run(group, id);
  }

  #createCursors(group: string, topic: string): void {
    this.#db
      .prepare(
        `INSERT INTO cursor (group_name, log_id, committed)
         SELECT ?, log.id, start_offset FROM log JOIN topic ON topic.id = topic_id WHERE name = ?
         ON CONFLICT DO NOTHING`,
      )
      .run(group, topic);
  }

  #dropDead(group: string): void {
    const oldest = this.#now() - this.#sessionTimeoutMs;
    const rows = this.#db
      .prepare('SELECT id, host, pid, seen_ms FROM member WHERE group_name = ?')
      .all(group);
    for (const row of rows) {
      const id = String(row['id']);
      const isSilent = Number(row['seen_ms']) < oldest;
      if (isSilent || isKnownDead(id, String(row['host']), Number(row['pid']))) {
        this.#deleteMember(group, id);
      }
    }
  }

  #reassign(group: string): void {
    const subscribers = this.#db
      .prepare('SELECT id, topics FROM member WHERE group_name = ?')
      .all(group)
      .map((row) => ({ id: String(row['id']), topics: JSON.parse(String(row['topics'])) }));
    const claims = this.#db
      .prepare(
        `SELECT log_id, owner, name FROM cursor
         JOIN log ON log.id = log_id JOIN topic ON topic.id = topic_id
         WHERE group_name = ? ORDER BY log_id`,
      )
      .all(group)
      .map((row) => ({
        logId: Number(row['log_id']),
        topic: String(row['name']),
        owner: row['owner'] as string | null,
      }));
    const update = this.#db.prepare(
      'UPDATE cursor SET owner = ?, epoch = epoch + 1 WHERE group_name = ? AND log_id = ?',
    );
    for (const [logId, owner] of assign(subscribers, claims)) update.run(owner, group, logId);
  }
}

export function fencedError(group: string, { topic, partition }: LogPosition): LetheError {
  return new LetheError(
    'fenced',
    `Group ${group} has a newer owner of ${topic}/${partition}; nothing was committed. Stop this work: the new owner repeats it from the committed offset.`,
  );
}

/** Members of this very process: a row with our pid and another id is of a former life. */
const livingHere = new Set<string>();

/** Only a process of this host can be known to be dead; the others have the session time-out. */
function isKnownDead(id: string, host: string, pid: number): boolean {
  if (host !== hostname()) return false;
  if (pid === process.pid) return !livingHere.has(id);
  try {
    process.kill(pid, 0);
    return false;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
