import { randomUUID } from 'node:crypto';
import type { SQLOutputValue } from 'node:sqlite';
import { DeletionStatus, type Regulation, RequestState, severalModels } from '@lethe/contracts';
import { SqliteFile } from '@lethe/sqlite';
import { fanOutStatus } from './fan-out-state.ts';
import { alertMs, nextAlertMs } from './legal-alerts.ts';
import { isAdvance, isEnd } from './request-progress.ts';
import { requestSchema } from './request-schema.ts';
import { pageOf, type RequestPlace, type RequestSelection } from './request-selection.ts';

export interface ProjectedRequest {
  /** Grows in the order of arrival. */
  readonly position: number;
  readonly current: DeletionStatus;
  /** In the order of arrival. */
  readonly history: readonly DeletionStatus[];
  /** With an extension, where there is one. */
  readonly deadline: Date | undefined;
  readonly isExtended: boolean;
}

/** What the yearly report needs of a request. */
export interface SubmittedRequest {
  /** It is part of a request over several models. */
  readonly isChild: boolean;
  readonly modelKey: string;
  readonly regulation: Regulation;
  readonly state: RequestState;
  readonly submittedMs: number;
  readonly deadlineMs: number;
  readonly isExtended: boolean;
  readonly endedMs: number | undefined;
}

export interface RequestFilter {
  readonly modelKey?: string;
  readonly state?: RequestState;
  readonly emitter?: string;
  /** Later ones only, or with `newestFirst` earlier ones; `undefined`: from the end that comes first. */
  readonly afterPosition: number | undefined;
  readonly newestFirst?: boolean;
  readonly limit: number;
}

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

const { REQUEST_STATE_COMPLETED: completed, REQUEST_STATE_ESCALATED: escalated } = RequestState;

/** Those of a {@link RequestRow}. */
const columns = 'position, state, sequence, deadline_ms, extended, current';

interface RequestRow {
  readonly position: number;
  readonly state: RequestState;
  readonly sequence: number;
  readonly deadline_ms: number;
  readonly extended: number;
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
  readonly #extend;
  readonly #countOverdue;
  readonly #nextDue;
  readonly #nearest;
  readonly #ofYear;
  readonly #alertsDue;
  readonly #setAlert;
  readonly #children;
  readonly #openByModel;
  readonly #openDeadlines;
  readonly #completedSince;

  /** @throws LetheError `precondition`, `corrupt`, `capacity` naming the file */
  static open(file: string): RequestProjection {
    return new RequestProjection(SqliteFile.open(file, requestSchema));
  }

  private constructor(file: SqliteFile) {
    const { db } = file;
    this.#file = file;
    this.id = identityOf(file);
    this.#find = db.prepare(`SELECT ${columns} FROM request WHERE request_id = ? AND emitter = ?`);
    this.#findAnyEmitter = db.prepare(
      `SELECT ${columns} FROM request WHERE request_id = ? LIMIT 2`,
    );
    this.#insert = db.prepare(
      `INSERT INTO request (emitter, request_id, model_key, state, sequence, submitted_ms, deadline_ms, ended_ms, regulation, current, parent)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#update = db.prepare(
      `UPDATE request SET state = ?, sequence = ?, ended_ms = ?, current = ?,
         regulation = max(regulation, ?), parent = max(parent, ?) WHERE position = ?`,
    );
    this.#alertsDue = db.prepare(
      `SELECT ${columns} FROM request WHERE next_alert_ms <= ?1 AND deadline_ms > ?1
         ORDER BY next_alert_ms LIMIT ?2`,
    );
    this.#setAlert = db.prepare('UPDATE request SET next_alert_ms = ? WHERE position = ?');
    this.#children = db.prepare(
      `SELECT ${columns} FROM request WHERE parent = ? AND emitter = ? ORDER BY model_key`,
    );
    this.#extend = db.prepare(
      'UPDATE request SET deadline_ms = ?, extended = 1 WHERE position = ? AND extended = 0',
    );
    this.#countOverdue = db.prepare(
      'SELECT count(*) AS count FROM request WHERE model_key = ? AND ended_ms IS NULL AND deadline_ms < ? AND deadline_ms > 0',
    );
    this.#nearest = db.prepare(
      'SELECT min(deadline_ms) AS deadline_ms FROM request WHERE model_key = ? AND ended_ms IS NULL AND deadline_ms > 0',
    );
    this.#nextDue = db.prepare(
      `SELECT ${columns} FROM request WHERE ended_ms IS NULL AND deadline_ms > 0 AND deadline_ms < ?
         AND state <> ? AND model_key <> '*' ORDER BY deadline_ms LIMIT ?`,
    );
    this.#ofYear = db.prepare(
      `SELECT position, model_key, parent, regulation, state, submitted_ms, deadline_ms, extended, ended_ms FROM request
         WHERE submitted_ms < ? AND (submitted_ms, position) > (?, ?)
         ORDER BY submitted_ms, position LIMIT ?`,
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

  /**
   * Takes statuses in, all or none; durable when it returns.
   *
   * @returns where requests over several models stand by that, where it is not yet said
   */
  apply(statuses: readonly DeletionStatus[]): DeletionStatus[] {
    return this.#file.transact(() => {
      const families = new Map<string, { requestId: string; emitter: string }>();
      for (const status of statuses) {
        this.#applyOne(status);
        const { emitter, modelKey, parentRequestId } = status;
        const requestId = modelKey === severalModels ? status.requestId : parentRequestId;
        if (requestId !== '') families.set(`${emitter}/${requestId}`, { requestId, emitter });
      }
      return [...families.values()].flatMap((family) => this.#moveOfParent(family) ?? []);
    });
  }

  /** Where a request over several models stands in each, by model. */
  childrenOf({ requestId, emitter }: DeletionStatus): ProjectedRequest[] {
    return this.#file.attempt(() =>
      this.#children
        .all(requestId, emitter)
        .map((row) => this.#withHistory(row as unknown as RequestRow)),
    );
  }

  /** Open requests of which a share of the legal time is over that was not spoken of yet. */
  alertsDue(now: Date, limit: number): ProjectedRequest[] {
    return this.#file.attempt(() =>
      this.#alertsDue
        .all(now.getTime(), limit)
        .map((row) => this.#withHistory(row as unknown as RequestRow)),
    );
  }

  /** Requests with this id: at most one when the emitter is given, else the first two. */
  find(requestId: string, emitter: string): ProjectedRequest[] {
    return this.#file.attempt(() => {
      const rows =
        emitter === '' ? this.#findAnyEmitter.all(requestId) : this.#find.all(requestId, emitter);
      return rows.map((row) => this.#withHistory(row as unknown as RequestRow));
    });
  }

  /** In the order of arrival, or the other way round. */
  list(filter: RequestFilter): ProjectedRequest[] {
    const { modelKey, state, emitter, afterPosition, newestFirst = false, limit } = filter;
    const conditions = [newestFirst ? 'position < ?' : 'position > ?'];
    const from = afterPosition ?? (newestFirst ? Number.MAX_SAFE_INTEGER : 0);
    const values: (string | number)[] = [from];
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
          `SELECT ${columns} FROM request
           WHERE ${conditions.join(' AND ')} ORDER BY position ${newestFirst ? 'DESC' : 'ASC'} LIMIT ?`,
        )
        .all(...values, limit);
      return rows.map((row) => this.#withHistory(row as unknown as RequestRow));
    });
  }

  /** One page of a selection, without histories. */
  page(
    selection: RequestSelection,
    after: RequestPlace | undefined,
    limit: number,
  ): ProjectedRequest[] {
    const { condition, order, values } = pageOf(selection, after);
    return this.#file.attempt(() =>
      this.#file.db
        .prepare(
          `SELECT ${columns} FROM request
           WHERE ${condition} ORDER BY ${order} LIMIT ?`,
        )
        .all(...values, limit)
        .map((row) => projected(row as unknown as RequestRow, [])),
    );
  }

  /** How many requests a selection has. */
  countOf(selection: RequestSelection): number {
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

  /** Requests that have not ended, were not called expired, and whose deadline is before `time`. */
  overdue(time: Date, limit: number): ProjectedRequest[] {
    return this.#file.attempt(() =>
      this.#nextDue
        .all(time.getTime(), RequestState.REQUEST_STATE_EXPIRED, limit)
        .map((row) => this.#withHistory(row as unknown as RequestRow)),
    );
  }

  /**
   * Requests submitted in `[from, to)`, in the order of their submission, in pages: a year may have
   * millions. Between two pages anything may be applied; each request comes once.
   */
  *submittedIn(from: Date, to: Date, pageSize = 2_000): Generator<readonly SubmittedRequest[]> {
    let [submittedMs, position] = [from.getTime(), 0];
    for (;;) {
      const rows = this.#file.attempt(() =>
        this.#ofYear.all(to.getTime(), submittedMs, position, pageSize),
      );
      yield rows.map(submitted);
      const last = rows.at(-1);
      if (last === undefined || rows.length < pageSize) return;
      [submittedMs, position] = [Number(last['submitted_ms']), Number(last['position'])];
    }
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  #applyOne(status: DeletionStatus): void {
    const { requestId, emitter, modelKey, state, sequence, parentRequestId } = status;
    const bytes = DeletionStatus.encode(status).finish();
    const row = this.#find.get(requestId, emitter) as unknown as RequestRow | undefined;
    const submittedMs = status.submittedTime?.getTime() ?? 0;
    const deadlineMs = status.deadline?.getTime() ?? 0;
    const timeMs = status.time?.getTime() ?? 0;
    const endedMs = isEnd(state) ? timeMs : null;
    const position =
      row?.position ??
      Number(
        this.#insert.run(
          ...[emitter, requestId, modelKey, state, sequence, submittedMs, deadlineMs, endedMs],
          ...[status.regulation, bytes, parentRequestId],
        ).lastInsertRowid,
      );
    this.#addStatus.run(position, state, placeOf(status), bytes);
    const alertAfter = (afterMs: number, untilMs = row?.deadline_ms ?? deadlineMs) =>
      this.#setAlert.run(nextAlertMs(submittedMs, untilMs, afterMs) ?? null, position);
    if (state === RequestState.REQUEST_STATE_EXTENDED) {
      if (this.#extend.run(deadlineMs, position).changes > 0) alertAfter(timeMs, deadlineMs);
    } else if (state === RequestState.REQUEST_STATE_DUE) {
      alertAfter(alertMs(submittedMs, deadlineMs, status.clockPercent), deadlineMs);
    } else if (row === undefined || isAdvance(row, status)) {
      if (row !== undefined) {
        const { regulation } = status;
        this.#update.run(state, sequence, endedMs, bytes, regulation, parentRequestId, position);
      }
      if (endedMs !== null || state === RequestState.REQUEST_STATE_EXPIRED) {
        this.#setAlert.run(null, position);
      } else if (row === undefined) {
        alertAfter(0);
      } else if (isEnd(row.state)) {
        alertAfter(timeMs);
      }
    }
  }

  #moveOfParent(parent: { requestId: string; emitter: string }): DeletionStatus | undefined {
    const row = this.#find.get(parent.requestId, parent.emitter) as unknown as
      | RequestRow
      | undefined;
    if (row === undefined) return undefined;
    const children = this.#children
      .all(parent.requestId, parent.emitter)
      .map((child) => DeletionStatus.decode((child as unknown as RequestRow).current));
    const status = fanOutStatus(DeletionStatus.decode(row.current), children);
    return status !== undefined && isAdvance(row, status) ? status : undefined;
  }

  #withHistory(row: RequestRow): ProjectedRequest {
    const history = this.#history.all(row.position);
    return projected(
      row,
      history.map((each) => DeletionStatus.decode(each['status'] as Uint8Array)),
    );
  }
}

function submitted(row: Readonly<Record<string, SQLOutputValue>>): SubmittedRequest {
  return {
    modelKey: String(row['model_key']),
    isChild: row['parent'] !== '',
    regulation: Number(row['regulation']) as Regulation,
    state: Number(row['state']) as RequestState,
    submittedMs: Number(row['submitted_ms']),
    deadlineMs: Number(row['deadline_ms']),
    isExtended: row['extended'] === 1,
    endedMs: row['ended_ms'] === null ? undefined : Number(row['ended_ms']),
  };
}

function projected(row: RequestRow, history: readonly DeletionStatus[]): ProjectedRequest {
  return {
    position: row.position,
    current: DeletionStatus.decode(row.current),
    history,
    deadline: row.deadline_ms === 0 ? undefined : new Date(row.deadline_ms),
    isExtended: row.extended === 1,
  };
}

/** Tells statuses of one state apart: by round, and where alerts repeat, by share and deadline. */
function placeOf({ state, sequence, clockPercent, deadline }: DeletionStatus): number {
  if (state !== RequestState.REQUEST_STATE_DUE) return sequence;
  return Math.floor((deadline?.getTime() ?? 0) / 1000) * 100 + clockPercent;
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
