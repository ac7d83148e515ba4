/**
 * What is pending for one model: requests that its lineage names and has not ended, then those
 * that were read from the bus and are in no manifest yet.
 *
 * Invariants:
 * 1. A request known to the lineage is taken from the lineage alone: its rows that are done, its
 *    rung. What was read from the bus is only believed until then.
 * 2. A request appears once, however often it was delivered.
 */
import type { DeletionRequested } from '@lethe/contracts';
import { type ModelState, type OpenRequest, requestKey, scopeOfRequest } from '@lethe/lineage';
import type { PendingRequest } from './pending-request.ts';
import { type RowIndex, rowsOf } from './request-rows.ts';

interface Offered {
  readonly request: DeletionRequested;
  readonly rows: readonly number[];
  readonly scope: string;
  readonly arrivedMs: number;
  readonly offsets: bigint[];
}

export class ModelQueue {
  readonly #index: RowIndex;
  readonly #offered = new Map<string, Offered>();
  /** Rungs that failed without leaving a manifest, by request. */
  readonly #climbed = new Map<string, number>();
  readonly #hopeless = new Map<string, string>();
  /** Rows of whole-class requests that the lineage names: read once. */
  readonly #rowsOfOpen = new Map<string, readonly number[]>();
  readonly #scopesOfOpen = new Map<string, string>();

  constructor(index: RowIndex) {
    this.#index = index;
  }

  /** Takes in a request as it was read from the bus, all its rows resolved. */
  offer(request: DeletionRequested, rows: readonly number[], offset: bigint, nowMs: number): void {
    const key = requestKey(request);
    const known = this.#offered.get(key);
    if (known !== undefined) {
      known.offsets.push(offset);
      return;
    }
    const scope = scopeOfRequest(request);
    this.#offered.set(key, { request, rows, scope, arrivedMs: nowMs, offsets: [offset] });
  }

  /** Whether it was read from the bus and is in no manifest yet. */
  has(request: DeletionRequested): boolean {
    return this.#offered.has(requestKey(request));
  }

  /** Drops what the lineage knows by now. @returns the offsets that are thereby finished */
  settle(state: ModelState): readonly bigint[] {
    const finished: bigint[] = [];
    for (const [key, { offsets }] of this.#offered) {
      if (state.progress(key).kind === 'unknown') continue;
      this.#offered.delete(key);
      finished.push(...offsets);
    }
    for (const map of [this.#climbed, this.#hopeless, this.#rowsOfOpen, this.#scopesOfOpen]) {
      for (const key of map.keys()) {
        if (!state.openRequests.has(key) && !this.#offered.has(key)) map.delete(key);
      }
    }
    return finished;
  }

  /** In the order to be served: requests already begun or refused, then the others as they came. */
  pending(state: ModelState): readonly PendingRequest[] {
    const begun = [...state.openRequests].map(([key, open]): PendingRequest => {
      const rows = this.#rowsOfOpenRequest(key, open).filter((row) => !open.rowsDone.has(row));
      const scope = this.#scopeOfOpenRequest(key, open);
      const { request, ladderStep } = open;
      return this.#item(key, { request, rows, scope, ladderStep, arrivedMs: 0 });
    });
    const fresh = [...this.#offered].map(([key, { request, rows, scope, arrivedMs }]) =>
      this.#item(key, { request, rows, scope, ladderStep: 0, arrivedMs }),
    );
    return [...begun, ...fresh];
  }

  /** How many requests are pending. */
  count(state: ModelState): number {
    return state.openRequests.size + this.#offered.size;
  }

  /** The rung failed before it had anything to judge: its requests try the next one. */
  climb(requests: readonly PendingRequest[]): void {
    for (const { request, ladderStep } of requests) {
      this.#climbed.set(requestKey(request), ladderStep + 1);
    }
  }

  giveUp(requests: readonly PendingRequest[], reason: string): void {
    for (const { request } of requests) this.#hopeless.set(requestKey(request), reason);
  }

  hopeless(item: PendingRequest): string | undefined {
    return this.#hopeless.get(requestKey(item.request));
  }

  #item(key: string, item: PendingRequest): PendingRequest {
    const climbed = this.#climbed.get(key) ?? 0;
    return { ...item, ladderStep: Math.max(item.ladderStep, climbed) };
  }

  #scopeOfOpenRequest(key: string, { request }: OpenRequest): string {
    const known = this.#scopesOfOpen.get(key);
    if (known !== undefined) return known;
    const scope = scopeOfRequest(request);
    this.#scopesOfOpen.set(key, scope);
    return scope;
  }

  #rowsOfOpenRequest(key: string, { request }: OpenRequest): readonly number[] {
    const known = this.#rowsOfOpen.get(key);
    if (known !== undefined) return known;
    const rows = rowsOf(request, this.#index);
    this.#rowsOfOpen.set(key, rows);
    return rows;
  }
}
