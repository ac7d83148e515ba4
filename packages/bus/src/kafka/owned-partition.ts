import { LetheError } from '@lethe/contracts';
import { checkLimit } from '../check-limit.ts';
import { checkMark } from '../check-mark.ts';
import type {
  CommittedPlace,
  IncomingRecord,
  OutgoingRecord,
  OwnedPartition,
} from '../message-bus.ts';
import type { PartitionBatch } from './batches.ts';
import type { FencedProducer, InputPartition } from './fenced-producer.ts';

/** What a hand-over needs of the consumer it belongs to. */
export interface PartitionSource {
  /** Stops fetching this partition; the rest of the group's life goes on. */
  pause(): void;
  resume(): void;
  /** Sorts records by partition. @throws LetheError `capacity`, `not_found` */
  prepare(records: readonly OutgoingRecord[]): Promise<readonly PartitionBatch[]>;
  /**
   * Another producer after a transaction that failed, fenced, and what the group had committed
   * then; nothing where the partition is no longer this member's.
   *
   * @param attempt how often in a row the transaction has failed, from 1
   */
  renew(failed: {
    readonly error: LetheError;
    readonly attempt: number;
  }): Promise<Fenced | undefined>;
  /** Hears what was committed. */
  onCommitted(nextOffset: bigint): void;
}

/** All earlier owners can commit nothing any more, and after that this was read. */
export interface Fenced {
  readonly producer: FencedProducer;
  readonly start: CommittedPlace;
}

/**
 * Fetching stops above this many bytes, and goes on below half of it. While everything is paused,
 * kafkajs sleeps for as long as a fetch may wait: the half must last for longer.
 */
const maxBufferedBytes = 1024 * 1024;

/**
 * One hand-over of one partition: records that were fetched ahead, and the producer that commits.
 *
 * 1. The fetch position moves on its own; only the committed offset tells what is done.
 * 2. One commit at a time. A transaction whose outcome is unknown does not end the hand-over, and
 *    the work of minutes with it: behind a new fence the committed place tells whether it was made,
 *    and it is made again if not. Where the place cannot tell, the hand-over ends.
 */
export class KafkaOwnedPartition implements OwnedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly start: CommittedPlace;
  readonly #input: InputPartition;
  readonly #source: PartitionSource;
  readonly #lost = new AbortController();
  readonly #buffer: IncomingRecord[] = [];
  #producer: FencedProducer;
  #bufferedBytes = 0;
  #isPaused = false;
  #isHeld = false;
  #position: bigint;
  /** Offset after the last record that `read` gave out. */
  #given: bigint | undefined;
  /** No commit goes back behind this. */
  #committed: bigint;
  /** What the broker has, as far as this hand-over knows. */
  #place: CommittedPlace;
  /** Settles when the commit before has. */
  #work: Promise<void> = Promise.resolve();
  readonly #waiting = new Set<() => void>();
  #hasCommitted = false;

  constructor(input: InputPartition, { start, producer }: Fenced, source: PartitionSource) {
    this.topic = input.topic;
    this.partition = input.partition;
    this.#input = input;
    this.start = start;
    this.#position = start.offset;
    this.#committed = start.offset;
    this.#place = start;
    this.#producer = producer;
    this.#source = source;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Where the next fetch must begin. */
  get position(): bigint {
    return this.#position;
  }

  /** Whether the buffer is full: nothing is to be fetched. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Whether records were read that are not committed: work that would be lost. */
  get isBusy(): boolean {
    return this.#given !== undefined && this.#given > this.#committed;
  }

  /** Whether this hand-over got anything done: its failures start to count anew. */
  get hasCommitted(): boolean {
    return this.#hasCommitted;
  }

  /** Nothing is given out until it is known who is to have the partition. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    this.#wake();
  }

  lose(): void {
    this.#lost.abort();
    this.#buffer.length = 0;
    this.#bufferedBytes = 0;
    this.#wake();
  }

  /** Waits for the commits at work, and ends the producer. */
  async close(): Promise<void> {
    this.lose();
    await this.#work;
    await this.#producer.close();
  }

  /** Takes fetched records in; `next` is the offset after the last one of the fetch. */
  accept(records: readonly IncomingRecord[], next: bigint): void {
    if (this.lost.aborted) return;
    this.#position = next;
    for (const record of records) this.#buffer.push(record);
    this.#bufferedBytes += records.reduce((sum, record) => sum + sizeOf(record), 0);
    if (this.#bufferedBytes > maxBufferedBytes && !this.#isPaused) {
      this.#isPaused = true;
      this.#source.pause();
    }
    this.#wake();
  }

  async read(limit: number, waitMs: number): Promise<readonly IncomingRecord[]> {
    checkLimit(limit);
    const deadline = performance.now() + waitMs;
    for (;;) {
      if (this.lost.aborted) return [];
      if (this.#buffer.length > 0 && !this.#isHeld) return this.#take(limit);
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) return [];
      await this.#wait(leftMs);
    }
  }

  async commit(nextOffset: bigint, records: readonly OutgoingRecord[], mark = ''): Promise<void> {
    checkMark(mark);
    if (this.lost.aborted) throw fencedError(this.#input);
    if (nextOffset < this.#committed) {
      throw LetheError.invalid(
        'nextOffset',
        String(nextOffset),
        `must not be below ${this.#committed}, which is committed`,
        'Give the offset after the last handled record.',
      );
    }
    // Now: once this is lost, what it had fetched and not given out is gone from the buffer.
    const place = { offset: this.#beyondMarkers(nextOffset), mark };
    const commit = this.#work.then(() => this.#commit(nextOffset, records, place));
    this.#work = commit.catch(() => {});
    return commit;
  }

  async #commit(
    nextOffset: bigint,
    records: readonly OutgoingRecord[],
    place: CommittedPlace,
  ): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#producer.commit(place, () => this.#source.prepare(records));
        break;
      } catch (thrown) {
        if (!this.#producer.isBroken) throw thrown;
        const state = await this.#recover(place, LetheError.from(thrown), attempt);
        if (state === 'committed') break;
        if (state === 'again') continue;
        this.lose();
        throw thrown;
      }
    }
    this.#place = place;
    this.#hasCommitted = true;
    this.#committed = nextOffset;
    this.#source.onCommitted(nextOffset);
  }

  /** What became of a transaction that failed, and another producer to go on with. */
  async #recover(
    place: CommittedPlace,
    error: LetheError,
    attempt: number,
  ): Promise<'committed' | 'again' | 'lost'> {
    const before = this.#place;
    const canTell = !isSame(before, place);
    if (error.code !== 'unavailable' || !canTell || this.lost.aborted) return 'lost';
    const renewed = await this.#source.renew({ error, attempt });
    if (renewed === undefined) return 'lost';
    await this.#producer.close();
    this.#producer = renewed.producer;
    if (isSame(renewed.start, place)) return 'committed';
    // Anything else was committed by somebody who had the partition meanwhile.
    return isSame(renewed.start, before) ? 'again' : 'lost';
  }

  /**
   * Moves an offset over the markers of transactions that follow it, which no reader ever sees:
   * the lag of a group that has read everything is then 0.
   */
  #beyondMarkers(nextOffset: bigint): bigint {
    if (nextOffset !== this.#given) return nextOffset;
    return this.#buffer[0]?.offset ?? this.#position;
  }

  #take(limit: number): readonly IncomingRecord[] {
    const records = this.#buffer.splice(0, limit);
    this.#given = records.at(-1)!.offset + 1n;
    this.#bufferedBytes -= records.reduce((sum, record) => sum + sizeOf(record), 0);
    if (this.#isPaused && this.#bufferedBytes < maxBufferedBytes / 2) {
      this.#isPaused = false;
      this.#source.resume();
    }
    return records;
  }

  /** Ends after `waitMs`, when records come, or when the partition is lost. */
  #wait(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = waitMs <= longestTimerMs ? setTimeout(done, Math.ceil(waitMs)) : undefined;
      this.#waiting.add(done);
    });
  }

  #wake(): void {
    for (const done of this.#waiting) done();
  }
}

const longestTimerMs = 2 ** 31 - 1;

function isSame(a: CommittedPlace, b: CommittedPlace): boolean {
  return a.offset === b.offset && a.mark === b.mark;
}

/** Bytes that a record keeps in memory, roughly. */
function sizeOf({ key, value }: IncomingRecord): number {
  return value.length + key.length + 200;
}

export function fencedError({ group, topic, partition }: InputPartition): LetheError {
  return new LetheError(
    'fenced',
    `${topic}/${partition}: another owner of group ${group} has taken over, or this hand-over has ended.`,
  );
}
