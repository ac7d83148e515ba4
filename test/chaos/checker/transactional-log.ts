import type { TopicRecord } from './observed.ts';

/** A record as it lies in the log of a partition, markers of transactions included. */
export interface RawMessage {
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly isControlRecord?: boolean;
  readonly batchContext: { readonly producerId: string; readonly inTransaction: boolean };
}

/** One partition, read from its first record on: what its committed transactions wrote (KIP-98). */
export class TransactionalLog {
  readonly #partition: number;
  readonly #committed: TopicRecord[] = [];
  /** By producer: records of a transaction whose marker was not read yet. */
  readonly #open = new Map<string, TopicRecord[]>();
  #next = 0n;

  constructor(partition: number) {
    this.#partition = partition;
  }

  /** Takes the next record; one that was read before is passed over. */
  read({ offset, key, value, isControlRecord, batchContext }: RawMessage): void {
    if (BigInt(offset) < this.#next) return;
    this.#next = BigInt(offset) + 1n;
    const producer = String(batchContext.producerId);
    const open = this.#open.get(producer) ?? [];
    if (isControlRecord) {
      if (isCommit(key)) this.#committed.push(...open);
      this.#open.delete(producer);
      return;
    }
    const record = {
      partition: this.#partition,
      offset: BigInt(offset),
      key: key?.toString() ?? '',
      value: value ?? new Uint8Array(0),
    };
    if (batchContext.inTransaction) this.#open.set(producer, [...open, record]);
    else this.#committed.push(record);
  }

  /** In the order of the log. */
  committed(): readonly TopicRecord[] {
    return this.#committed.toSorted((a, b) => Number(a.offset - b.offset));
  }
}

/** Key of a marker: version (int16), type (int16); type 0 aborts, 1 commits. */
function isCommit(key: Buffer | null): boolean {
  return key !== null && key.length >= 4 && key.readInt16BE(2) === 1;
}
