/**
 * Which records of a partition are finished, and how far the committed offset may move.
 *
 * Invariants:
 * 1. The watermark never passes a record that is still open: after a crash everything that
 *    was not finished is read again.
 * 2. A record to be sent when another is finished (a dead letter) leaves in the same
 *    transaction that moves the offset past it, hence exactly once.
 */
import type { OutgoingRecord } from '@lethe/bus';

interface Entry {
  readonly offset: bigint;
  finished: boolean;
  deadLetter: OutgoingRecord | undefined;
}

export interface WindowAdvance {
  /** Offset to commit: the lowest one that is not finished. */
  readonly nextOffset: bigint;
  /** Dead letters of the records passed on the way. */
  readonly records: readonly OutgoingRecord[];
}

/** Offsets of one partition, from the committed one to the newest read. */
export class OffsetWindow {
  readonly #entries: Entry[] = [];
  readonly #open = new Map<bigint, Entry>();
  /** Entries before this index are finished and committed. */
  #first = 0;

  /** Records read and not yet committed. */
  get size(): number {
    return this.#entries.length - this.#first;
  }

  /** True when `advance` would move the offset. */
  get canAdvance(): boolean {
    return this.#entries[this.#first]?.finished === true;
  }

  /** Offset of the oldest record that is not committed, `undefined` when there is none. */
  get watermark(): bigint | undefined {
    return this.#entries[this.#first]?.offset;
  }

  /** Takes in a record that was just read; offsets ascend. */
  add(offset: bigint): void {
    const entry: Entry = { offset, finished: false, deadLetter: undefined };
    this.#entries.push(entry);
    this.#open.set(offset, entry);
  }

  finish(offset: bigint, deadLetter?: OutgoingRecord): void {
    const entry = this.#open.get(offset);
    if (entry === undefined) return;
    entry.finished = true;
    entry.deadLetter = deadLetter;
    this.#open.delete(offset);
  }

  /**
   * What the next transaction carries. Nothing is forgotten before `committed` confirms it,
   * so that a transaction that failed can be made again.
   */
  advance(): WindowAdvance | undefined {
    const records: OutgoingRecord[] = [];
    let last: Entry | undefined;
    for (let index = this.#first; index < this.#entries.length; index++) {
      const entry = this.#entries[index];
      if (entry === undefined || !entry.finished) break;
      if (entry.deadLetter !== undefined) records.push(entry.deadLetter);
      last = entry;
    }
    return last === undefined ? undefined : { nextOffset: last.offset + 1n, records };
  }

  committed(nextOffset: bigint): void {
    let entry = this.#entries[this.#first];
    while (entry !== undefined && entry.offset < nextOffset) {
      this.#first += 1;
      entry = this.#entries[this.#first];
    }
    if (this.#first > 1024) {
      this.#entries.splice(0, this.#first);
      this.#first = 0;
    }
  }
}
