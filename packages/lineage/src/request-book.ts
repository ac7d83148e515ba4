/**
 * How far the requests that a log names have come.
 *
 * Invariants; a log that breaks one is `corrupt`:
 * 1. No row of a request is forgotten twice, and no ended request is served again.
 * 2. A request is completed when its last part is promoted and all its rows are done.
 * 3. What a rollback reopens was completed or begun; what is withdrawn is not completed.
 * 4. A duplicate follows a completed request of its emitter, and was never begun.
 *
 * Memory: the open requests with their rows, and of every ended one its key and its scope.
 */
import type { DeletionRequested, Duplicate, ReopenedRequest, RequestPart } from '@lethe/contracts';
import { corruptEntry } from './corrupt-entry.ts';
import type { OpenRequest, RequestProgress } from './model-state.ts';
import { requestKey } from './request-key.ts';
import { scopeOfRequest } from './request-scope.ts';

/** A part whose request is there and known by its key. */
export interface KeyedPart {
  readonly key: string;
  readonly request: DeletionRequested;
  readonly rows: readonly number[];
  readonly last: boolean;
}

interface Progress extends OpenRequest {
  readonly rowsDone: Set<number>;
  ladderStep: number;
  readonly attempts: number[];
}

export class RequestBook {
  readonly #modelKey: string;
  readonly #open = new Map<string, Progress>();
  readonly #completed = new Set<string>();
  readonly #escalated = new Set<string>();
  readonly #withdrawn = new Set<string>();
  readonly #duplicates = new Set<string>();
  /** Scope → id of the request that was completed. */
  readonly #completedScopes = new Map<string, string>();

  constructor(modelKey: string) {
    this.#modelKey = modelKey;
  }

  get open(): ReadonlyMap<string, OpenRequest> {
    return this.#open;
  }
  get completedCount(): number {
    return this.#completed.size;
  }
  get escalatedCount(): number {
    return this.#escalated.size;
  }

  progress(key: string): RequestProgress {
    const open = this.#open.get(key);
    if (open !== undefined) return { kind: 'open', ...open };
    if (this.#completed.has(key)) return { kind: 'completed' };
    if (this.#escalated.has(key)) return { kind: 'escalated' };
    if (this.#withdrawn.has(key)) return { kind: 'withdrawn' };
    if (this.#duplicates.has(key)) return { kind: 'duplicate' };
    return { kind: 'unknown' };
  }

  completedLike(scope: string): string | undefined {
    return this.#completedScopes.get(scope);
  }

  /** The parts of an entry that comes next. @throws LetheError `corrupt` */
  check(sequence: number, parts: readonly RequestPart[]): KeyedPart[] {
    const seen = new Set<string>();
    return parts.map((part) => {
      const keyed = this.#withKey(sequence, part);
      if (seen.has(keyed.key)) throw this.#corrupt(sequence, `names ${keyed.key} in two parts`);
      seen.add(keyed.key);
      this.#requireNotDone(sequence, keyed);
      return keyed;
    });
  }

  /** A round that holds these parts was committed. */
  enter(parts: readonly KeyedPart[]): void {
    for (const { key, request } of parts) {
      if (this.#open.has(key)) continue;
      this.#open.set(key, { request, rowsDone: new Set(), ladderStep: 0, attempts: [] });
    }
  }

  /** @throws LetheError `corrupt` when a request ends before its last row */
  promote(sequence: number, parts: readonly KeyedPart[]): void {
    const ended = parts.filter((part) => part.last);
    for (const part of ended) this.#requireAllRows(sequence, part);
    for (const { key, rows } of parts) {
      const done = this.#open.get(key)?.rowsDone;
      for (const row of rows) done?.add(row);
    }
    for (const { key, request } of ended) {
      this.#open.delete(key);
      this.#completed.add(key);
      this.#completedScopes.set(scopeOfRequest(request), request.requestId);
    }
  }

  refuse(sequence: number, parts: readonly KeyedPart[], nextLadderStep: number): void {
    for (const { key } of parts) {
      const open = this.#open.get(key);
      if (open === undefined) continue;
      open.ladderStep = Math.max(open.ladderStep, nextLadderStep);
      open.attempts.push(sequence);
    }
  }

  escalate(parts: readonly KeyedPart[]): void {
    for (const { key } of parts) {
      this.#open.delete(key);
      this.#escalated.add(key);
    }
  }

  /** @throws LetheError `corrupt` when nobody knows the request, or it ended otherwise */
  reopen(sequence: number, reopened: readonly ReopenedRequest[]): void {
    const known = reopened.map(({ request, rowsDone }) => {
      const key = request === undefined ? '' : requestKey(request);
      const { kind } = this.progress(key);
      if (request === undefined || (kind !== 'completed' && kind !== 'open')) {
        throw this.#corrupt(sequence, `reopens request ${key}, which is ${kind}`);
      }
      return { key, request, rowsDone };
    });
    for (const { key, request, rowsDone } of known) {
      const { ladderStep = 0, attempts = [] } = this.#open.get(key) ?? {};
      this.#completed.delete(key);
      this.#completedScopes.delete(scopeOfRequest(request));
      this.#open.set(key, { request, rowsDone: new Set(rowsDone), ladderStep, attempts });
    }
  }

  /** @throws LetheError `corrupt` when it is completed */
  withdraw(sequence: number, key: string): void {
    if (this.#completed.has(key)) {
      throw this.#corrupt(sequence, `withdraws request ${key}, which is completed`);
    }
    this.#open.delete(key);
    this.#escalated.delete(key);
    this.#withdrawn.add(key);
  }

  /** @throws LetheError `corrupt` when one was begun or ended, or follows nothing that is completed */
  endDuplicates(sequence: number, duplicates: readonly Duplicate[]): void {
    const keys = duplicates.map(({ request, followsRequestId }) => {
      const key = request === undefined ? '' : requestKey(request);
      const { kind } = this.progress(key);
      if (request === undefined || kind !== 'unknown') {
        throw this.#corrupt(sequence, `calls request ${key} a duplicate, which is ${kind}`);
      }
      const followed = requestKey({ emitter: request.emitter, requestId: followsRequestId });
      if (this.#completed.has(followed)) return key;
      throw this.#corrupt(
        sequence,
        `calls request ${key} a duplicate of one that is not completed`,
      );
    });
    for (const key of keys) this.#duplicates.add(key);
  }

  #withKey(sequence: number, { request, rows, last }: RequestPart): KeyedPart {
    if (request === undefined) throw this.#corrupt(sequence, 'has a part without request');
    return { key: requestKey(request), request, rows, last };
  }

  #requireNotDone(sequence: number, { key, request, rows }: KeyedPart): void {
    const progress = this.progress(key);
    if (progress.kind === 'unknown') return;
    if (progress.kind !== 'open') {
      throw this.#corrupt(sequence, `serves request ${key}, which is ${progress.kind}`);
    }
    if (progress.request.requestDigest !== request.requestDigest) {
      throw this.#corrupt(sequence, `serves request ${key} with another body than before`);
    }
    const twice = rows.find((row) => progress.rowsDone.has(row));
    if (twice === undefined) return;
    throw this.#corrupt(sequence, `serves row ${twice} of request ${key} a second time`);
  }

  #requireAllRows(sequence: number, { key, request, rows }: KeyedPart): void {
    if (request.scope?.$case !== 'rows') return;
    const before = this.#open.get(key)?.rowsDone;
    const now = new Set(rows);
    const missing = request.scope.value.rows.find((row) => !now.has(row) && !before?.has(row));
    if (missing === undefined) return;
    throw this.#corrupt(sequence, `ends request ${key}, but its row ${missing} is not done`);
  }

  #corrupt(sequence: number, what: string) {
    return corruptEntry(this.#modelKey, sequence, what);
  }
}
