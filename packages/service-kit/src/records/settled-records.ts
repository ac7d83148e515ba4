import type { IncomingRecord, OutgoingRecord } from '@lethe/bus';
import type { OffsetWindow } from './offset-window.ts';

/** A record that is done with, and what its transaction carries. */
export interface Settled {
  readonly record: IncomingRecord;
  readonly records: readonly OutgoingRecord[];
  readonly isDeadLetter: boolean;
}

/**
 * When what came of a record is written.
 *
 * - `at-once`: with the next transaction. A record in front that is retried keeps nothing back; what
 *   settled behind it is handled and written again after a crash.
 * - `with-offset`: with the transaction whose offset passes the record, hence exactly once. A record
 *   in front that is retried keeps back what was made of those behind it.
 */
export type OutcomeTiming = 'at-once' | 'with-offset';

/** Outgoing records that share a transaction; one record's own are never parted. */
const transactionRecords = 1_000;
const transactionBytes = 8 * 1024 * 1024;

/** What has settled and is not committed. */
export class SettledRecords {
  readonly #timing: OutcomeTiming;
  /** In the order in which they settled. */
  readonly #settled = new Map<bigint, Settled>();

  constructor(timing: OutcomeTiming) {
    this.#timing = timing;
  }

  add(settled: Settled): void {
    this.#settled.set(settled.record.offset, settled);
  }

  /** What the next transaction carries, taken out of here and settled in `window`. */
  take(window: OffsetWindow): Settled[] {
    const taken: Settled[] = [];
    let count = 0;
    let sizeBytes = 0;
    for (let next = this.#next(window); next !== undefined; next = this.#next(window)) {
      count += next.records.length;
      for (const { value } of next.records) sizeBytes += value.length;
      const isFull = count > transactionRecords || sizeBytes > transactionBytes;
      if (taken.length > 0 && isFull) break;
      const { offset } = next.record;
      this.#settled.delete(offset);
      window.settle(offset);
      taken.push(next);
    }
    return taken;
  }

  #next(window: OffsetWindow): Settled | undefined {
    if (this.#timing === 'with-offset') {
      const lowest = window.watermark;
      return lowest === undefined ? undefined : this.#settled.get(lowest);
    }
    for (const settled of this.#settled.values()) return settled;
    return undefined;
  }
}
