import { type DatabaseSync, transact } from '@lethe/sqlite';
import type { RecordLog } from './record-log.ts';
import { offsetsPerLog, type Topic } from './topic-table.ts';

/** Records per transaction: long enough to be quick, short enough not to hold up publishers. */
const recordsPerStep = 1_000;

/**
 * Removes from the start of one log what is older than its topic's retention, in order, at most
 * one step; never beyond the lowest offset that a group has committed, unless `evenUnread`.
 *
 * @returns the number of records removed; less than a full step means that nothing is left to do
 */
export function removeExpired(
  db: DatabaseSync,
  log: RecordLog,
  topic: Topic,
  logId: number,
  options: { readonly nowMs: number; readonly evenUnread: boolean },
): { readonly removed: number; readonly isDone: boolean } {
  return transact(db, () => {
    const { start, end } = log.bounds(logId);
    const lowest = options.evenUnread ? end : (lowestCommitted(db, logId) ?? end);
    const limit = Math.min(lowest, start + recordsPerStep);
    const first = logId * offsetsPerLog;
    const kept = db
      .prepare(
        'SELECT id FROM record WHERE id >= ? AND id < ? AND timestamp_ms >= ? ORDER BY id LIMIT 1',
      )
      .get(first + start, first + limit, options.nowMs - topic.retentionMs);
    const newStart = Math.max(start, kept === undefined ? limit : Number(kept['id']) - first);
    if (newStart > start) {
      db.prepare('DELETE FROM record WHERE id >= ? AND id < ?').run(first, first + newStart);
      db.prepare('UPDATE log SET start_offset = ? WHERE id = ?').run(newStart, logId);
    }
    return { removed: newStart - start, isDone: newStart - start < recordsPerStep };
  });
}

function lowestCommitted(db: DatabaseSync, logId: number): number | undefined {
  const row = db.prepare('SELECT min(committed) AS lowest FROM cursor WHERE log_id = ?').get(logId);
  const lowest = row?.['lowest'] ?? undefined;
  return lowest === undefined ? undefined : Number(lowest);
}
