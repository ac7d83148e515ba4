/**
 * Which records of a partition are settled, and how far the committed offset may move.
 *
 * Invariants:
 * 1. The watermark never passes a record that is open: after a crash everything that was not
 *    settled is read again.
 * 2. Memory follows the records that are open. However many were settled behind one that takes
 *    its time, nothing is kept of them.
 */
export class OffsetWindow {
  /** Ascending: offsets come in order, and a Set keeps the order of insertion. */
  readonly #open = new Set<bigint>();
  /** The newest offset read, plus 1. */
  #end: bigint | undefined;
  #committed: bigint | undefined;

  /** Records read and not settled. */
  get openCount(): number {
    return this.#open.size;
  }

  /** The offset to commit: the lowest open one. `undefined` before the first record. */
  get watermark(): bigint | undefined {
    for (const lowest of this.#open) return lowest;
    return this.#end;
  }

  /** True when committing the watermark would move the offset. */
  get canAdvance(): boolean {
    const { watermark } = this;
    return watermark !== undefined && watermark !== this.#committed;
  }

  /** Takes in a record that was just read; offsets ascend. */
  add(offset: bigint): void {
    this.#committed ??= offset;
    this.#open.add(offset);
    this.#end = offset + 1n;
  }

  settle(offset: bigint): void {
    this.#open.delete(offset);
  }

  /** The transaction with this offset has been made. */
  committed(nextOffset: bigint): void {
    this.#committed = nextOffset;
  }
}
