import { RequestState } from '@lethe/contracts';
import type { SqliteFile } from '@lethe/sqlite';
import { pageOf, type RequestSelection } from './request-selection.ts';

export interface RequestTotals {
  readonly byState: ReadonlyMap<RequestState, number>;
  readonly overdue: number;
  /** Open, not overdue, and due before `soon`. */
  readonly dueSoon: number;
  readonly nextDeadline: Date | undefined;
}

/** What waits at one model. */
export interface OpenQueue {
  readonly modelKey: string;
  readonly open: number;
  readonly escalated: number;
  readonly oldestSubmittedMs: number;
}

const {
  REQUEST_STATE_COMPLETED: completed,
  REQUEST_STATE_ESCALATED: escalated,
  REQUEST_STATE_REOPENED: reopened,
} = RequestState;

/** How many requests stand where: figures over the table of requests. */
export class RequestCounts {
  readonly #file: SqliteFile;
  readonly #countOverdue;
  readonly #nearest;
  readonly #openByModel;
  readonly #openDeadlines;
  readonly #completedSince;
  readonly #count;
  readonly #countReopened;

  constructor(file: SqliteFile) {
    const { db } = file;
    this.#file = file;
    this.#countOverdue = db.prepare(
      'SELECT count(*) AS count FROM request WHERE model_key = ? AND ended_ms IS NULL AND deadline_ms < ? AND deadline_ms > 0',
    );
    this.#nearest = db.prepare(
      'SELECT min(deadline_ms) AS deadline_ms FROM request WHERE model_key = ? AND ended_ms IS NULL AND deadline_ms > 0',
    );
    this.#openByModel = db.prepare(
      `SELECT model_key, count(*) AS open, sum(state = ${escalated}) AS escalated,
         min(submitted_ms) AS oldest FROM request WHERE ended_ms IS NULL AND model_key <> '*' GROUP BY model_key`,
    );
    this.#openDeadlines = db.prepare(
      `SELECT deadline_ms FROM request WHERE model_key = ? AND ended_ms IS NULL AND deadline_ms > 0
         ORDER BY deadline_ms`,
    );
    this.#completedSince = db.prepare(
      `SELECT count(*) AS count FROM request
         WHERE model_key = ? AND state = ${completed} AND ended_ms >= ?`,
    );
    this.#count = db.prepare(
      'SELECT count(*) AS count FROM request WHERE model_key = ? AND state = ?',
    );
    this.#countReopened = db.prepare(
      `SELECT count(DISTINCT position) AS count FROM status JOIN request USING (position)
         WHERE status.state = ${reopened} AND model_key = ? AND ended_ms IS NULL`,
    );
  }

  /** How many requests a selection has. */
  of(selection: RequestSelection): number {
    const { condition, values } = pageOf(selection);
    return this.#file.attempt(() => {
      const counted = `SELECT count(*) AS count FROM request WHERE ${condition}`;
      return Number(this.#file.db.prepare(counted).get(...values)?.['count']);
    });
  }

  /** What an overview says about the requests of a model. */
  totals(modelKey: string, now: Date, soon: Date): RequestTotals {
    return this.#file.attempt(() => {
      const states = this.#file.db
        .prepare('SELECT state, count(*) AS count FROM request WHERE model_key = ? GROUP BY state')
        .all(modelKey);
      const open = 'FROM request WHERE model_key = ? AND ended_ms IS NULL AND deadline_ms';
      const due = this.#file.db
        .prepare(`SELECT count(*) AS count ${open} >= ? AND deadline_ms < ?`)
        .get(modelKey, now.getTime(), soon.getTime());
      const next = this.#file.db
        .prepare(`SELECT min(deadline_ms) AS next ${open} > 0`)
        .get(modelKey)?.['next'];
      return {
        byState: new Map(
          states.map((row) => [Number(row['state']) as RequestState, Number(row['count'])]),
        ),
        overdue: this.countOverdue(modelKey, now),
        dueSoon: Number(due?.['count']),
        nextDeadline: typeof next === 'number' ? new Date(next) : undefined,
      };
    });
  }

  count(modelKey: string, state: RequestState): number {
    return this.#file.attempt(() => Number(this.#count.get(modelKey, state)?.['count']));
  }

  /** Requests of a model that a rollback opened again and that have not ended since, whatever state they are in. */
  countReopened(modelKey: string): number {
    return this.#file.attempt(() => Number(this.#countReopened.get(modelKey)?.['count']));
  }

  /** Requests of a model that have not ended and are past their deadline. */
  countOverdue(modelKey: string, now: Date): number {
    return this.#file.attempt(() =>
      Number(this.#countOverdue.get(modelKey, now.getTime())?.['count']),
    );
  }

  /** Of the requests of a model that have not ended, the nearest deadline. */
  nearestDeadline(modelKey: string): Date | undefined {
    return this.#file.attempt(() => {
      const found = this.#nearest.get(modelKey)?.['deadline_ms'] ?? null;
      return found === null ? undefined : new Date(Number(found));
    });
  }

  /** Every model that has requests that have not ended. */
  openByModel(): OpenQueue[] {
    return this.#file.attempt(() =>
      this.#openByModel.all().map((row) => ({
        modelKey: String(row['model_key']),
        open: Number(row['open']),
        escalated: Number(row['escalated']),
        oldestSubmittedMs: Number(row['oldest']),
      })),
    );
  }

  /** Deadlines of a model's open requests, ascending, milliseconds since 1970. */
  openDeadlines(modelKey: string): number[] {
    return this.#file.attempt(() =>
      this.#openDeadlines.all(modelKey).map((row) => Number(row['deadline_ms'])),
    );
  }

  countCompletedSince(modelKey: string, sinceMs: number): number {
    return this.#file.attempt(() => Number(this.#completedSince.get(modelKey, sinceMs)?.['count']));
  }
}
