import { LetheError } from '@lethe/contracts';
import { translateSqliteError } from '@lethe/sqlite';
import { checkLimit } from '../check-limit.ts';
import { checkMark } from '../check-mark.ts';
import type {
  CommittedPlace,
  IncomingRecord,
  OutgoingRecord,
  OwnedPartition,
} from '../message-bus.ts';
import { fencedError, type GroupTable, type Membership, type Ownership } from './group-table.ts';
import type { LogPosition, PreparedRecord, RecordLog } from './record-log.ts';
import type { WakeUps } from './wake-ups.ts';
import type { WriteQueue } from './write-queue.ts';

/** What the parts of one open bus share. */
export interface BusParts {
  readonly file: string;
  readonly log: RecordLog;
  readonly groups: GroupTable;
  readonly queue: WriteQueue;
  readonly wakeUps: WakeUps;
  prepare(records: readonly OutgoingRecord[]): readonly PreparedRecord[];
}

/** One hand-over of one partition; reads on from the committed offset, on its own. */
export class SqliteOwnedPartition implements OwnedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly epoch: number;
  readonly start: CommittedPlace;
  readonly #parts: BusParts;
  readonly #member: Membership;
  readonly #position: LogPosition;
  readonly #lost = new AbortController();
  #next: number;
  #hasCommitted = false;

  constructor(
    parts: BusParts,
    member: Membership,
    position: LogPosition,
    { epoch, committed, mark }: Ownership,
  ) {
    this.topic = position.topic;
    this.partition = position.partition;
    this.epoch = epoch;
    this.#parts = parts;
    this.#member = member;
    this.#position = position;
    this.#next = committed;
    this.start = { offset: BigInt(committed), mark };
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Whether this hand-over got anything done: its failures start to count anew. */
  get hasCommitted(): boolean {
    return this.#hasCommitted;
  }

  lose(): void {
    this.#lost.abort();
  }

  async read(limit: number, waitMs: number): Promise<readonly IncomingRecord[]> {
    checkLimit(limit);
    const deadline = performance.now() + waitMs;
    for (;;) {
      if (this.lost.aborted) return [];
      const records = this.#readNow(limit);
      const leftMs = deadline - performance.now();
      if (records.length > 0 || leftMs <= 0) return records;
      await this.#parts.wakeUps.wait(this.#position.logId, leftMs, this.lost);
    }
  }

  async commit(nextOffset: bigint, records: readonly OutgoingRecord[], mark = ''): Promise<void> {
    checkMark(mark);
    if (this.lost.aborted) throw fencedError(this.#member.group, this.#position);
    const { groups, queue } = this.#parts;
    try {
      await queue.submit(this.#parts.prepare(records), () =>
        groups.commit(this.#member, this.#position, this.epoch, nextOffset, mark),
      );
      this.#hasCommitted = true;
    } catch (thrown) {
      const { code } = LetheError.from(thrown);
      if (code === 'fenced' || code === 'unavailable') this.lose();
      throw thrown;
    }
  }

  #readNow(limit: number): IncomingRecord[] {
    try {
      const records = this.#parts.log.read(this.#position, this.#next, limit);
      const last = records.at(-1);
      if (last !== undefined) this.#next = Number(last.offset) + 1;
      return records;
    } catch (thrown) {
      throw translateSqliteError(thrown, `The message log ${this.#parts.file}`);
    }
  }
}
