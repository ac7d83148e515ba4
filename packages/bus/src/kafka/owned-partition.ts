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
  /** Hears what was committed. */
  onCommitted(nextOffset: bigint): void;
}

/**
 * Fetching stops above this many bytes, and goes on below half of it. While everything is paused,
 * kafkajs sleeps for as long as a fetch may wait: the half must last for longer.
 */
const maxBufferedBytes = 1024 * 1024;

/**
 * One hand-over of one partition: records that were fetched ahead, and the producer that commits.
 * The fetch position moves on its own; only the committed offset tells what is done.
 */
export class KafkaOwnedPartition implements OwnedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly start: CommittedPlace;
  readonly #input: InputPartition;
  readonly #producer: FencedProducer;
  readonly #source: PartitionSource;
  readonly #lost = new AbortController();
  readonly #buffer: IncomingRecord[] = [];
  #bufferedBytes = 0;
  #isPaused = false;
  #isHeld = false;
  #position: bigint;
  /** Offset after the last record that `read` gave out. */
  #given: bigint | undefined;
  /** No commit goes back behind this. */
  #committed: bigint;
  readonly #waiting = new Set<() => void>();
  #hasCommitted = false;

  constructor(
    input: InputPartition,
    start: CommittedPlace,
    producer: FencedProducer,
    source: PartitionSource,
  ) {
    this.topic = input.topic;
    this.partition = input.partition;
    this.#input = input;
    this.start = start;
    this.#position = start.offset;
    this.#committed = start.offset;
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

  /** Waits for the commit at work, and ends the producer. */
  close(): Promise<void> {
    this.lose();
    return this.#producer.close();
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
    try {
      const place = { offset: this.#beyondMarkers(nextOffset), mark };
      await this.#producer.commit(place, () => this.#source.prepare(records));
      this.#hasCommitted = true;
      this.#committed = nextOffset;
      this.#source.onCommitted(nextOffset);
    } catch (thrown) {
      // After an error of a transaction, only a new hand-over can go on.
      if (this.#producer.isBroken) this.lose();
      throw thrown;
    }
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
