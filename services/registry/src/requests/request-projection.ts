import { randomUUID } from 'node:crypto';
import { DeletionStatus, RequestState, severalModels } from '@lethe/contracts';
import { SqliteFile } from '@lethe/sqlite';
import { fanOutStatus } from './fan-out-state.ts';
import { alertMs, nextAlertMs } from './legal-alerts.ts';
import {
  columns,
  type ProjectedRequest,
  projected,
  type RequestRow,
  type SubmittedRequest,
  submitted,
} from './projected-request.ts';
import { RequestCounts } from './request-counts.ts';
import { isAdvance, isEnd } from './request-progress.ts';
import { requestSchema } from './request-schema.ts';
import { pageOf, type RequestPlace, type RequestSelection } from './request-selection.ts';

export interface RequestFilter {
  readonly modelKey?: string;
  readonly state?: RequestState;
  readonly emitter?: string;
  /** Later ones only, or with `newestFirst` earlier ones; `undefined`: from the end that comes first. */
  readonly afterPosition: number | undefined;
  readonly newestFirst?: boolean;
  readonly limit: number;
}

/**
 * Where every request stands: a view of topic deletion.status.v1 that can be thrown away. A status
 * is known by request, state and round; the same one again changes nothing.
 */
export class RequestProjection implements Disposable {
  /** Of this file: a new one has to read the topic from its beginning. */
  readonly id: string;
  readonly counts: RequestCounts;
  readonly #file: SqliteFile;
  readonly #find;
  readonly #findAnyEmitter;
  readonly #insert;
  readonly #update;
  readonly #addStatus;
  readonly #history;
  readonly #extend;
  readonly #nextDue;
  readonly #ofYear;
  readonly #alertsDue;
  readonly #setAlert;
  readonly #children;

  /** @throws LetheError `precondition`, `corrupt`, `capacity` naming the file */
  static open(file: string): RequestProjection {
    return new RequestProjection(SqliteFile.open(file, requestSchema));
  }

  private constructor(file: SqliteFile) {
    const { db } = file;
    this.#file = file;
    this.id = identityOf(file);
    this.counts = new RequestCounts(file);
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
    this.#nextDue = db.prepare(
      `SELECT ${columns} FROM request WHERE ended_ms IS NULL AND deadline_ms > 0 AND deadline_ms < ?
         AND state <> ? AND model_key <> '*' ORDER BY deadline_ms LIMIT ?`,
    );
    this.#ofYear = db.prepare(
      `SELECT position, model_key, parent, regulation, state, submitted_ms, deadline_ms, extended, ended_ms FROM request
         WHERE submitted_ms < ? AND (submitted_ms, position) > (?, ?)
         ORDER BY submitted_ms, position LIMIT ?`,
    );
    this.#addStatus = db.prepare(
      `INSERT INTO status
       SELECT ?1, (SELECT count(*) FROM status WHERE position = ?1), ?2, ?3, ?4
       ON CONFLICT DO NOTHING`,
    );
    this.#history = db.prepare('SELECT status FROM status WHERE position = ? ORDER BY arrival');
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
