/**
 * One owned partition: reads, handles the records of each lane in order, and commits.
 *
 * Invariants:
 * 1. Records of one lane are handled one after the other, and what came of them is written in
 *    their order. A record that is retried keeps back its own lane only.
 * 2. A transaction carries what came of the records that settled since the last one, and the
 *    offset up to the lowest record that has not settled. Unless `outcomes` says `with-offset`, it
 *    waits for no record in front: what settled behind one that is retried is public at once, and
 *    after a crash is handled again.
 * 3. Memory is bounded: with `windowSize` records or `windowBytes` open, nothing more is read.
 *    Of records that have settled nothing is kept.
 */
import { setMaxListeners } from 'node:events';
import {
  type Backoff,
  exponentialBackoff,
  type IncomingRecord,
  type OutgoingRecord,
  type OwnedPartition,
} from '@lethe/bus';
import { LetheError } from '@lethe/contracts';
import { type Clock, systemClock } from '../clock.ts';
import { Doorbell } from '../doorbell.ts';
import type { WorkWatch } from '../lifecycle/work-watch.ts';
import { handleTraced } from '../traced/handle-traced.ts';
import type { ConsumeRecordsOptions } from './consume-records.ts';
import {
  commitOrLighten,
  type DeadLetterForm,
  deadLetterRecord,
  withoutBody,
} from './dead-letter-record.ts';
import { FairSlots } from './fair-slots.ts';
import { OffsetWindow } from './offset-window.ts';
import { type Outcome, outcomeOfError } from './outcome.ts';
import { type Settled, SettledRecords } from './settled-records.ts';

const readLimit = 100;
const readWaitMs = 1_000;
export class PartitionLoop {
  readonly #partition: OwnedPartition;
  readonly #options: ConsumeRecordsOptions;
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  readonly #deadLetterForm: DeadLetterForm;
  readonly #window = new OffsetWindow();
  #openBytes = 0;
  /** What waits in each lane, the record being handled included. */
  readonly #lanes = new Map<string, IncomingRecord[]>();
  readonly #slots: FairSlots;
  readonly #running = new Set<Promise<void>>();
  readonly #settled: SettledRecords;
  /** Something has settled. */
  readonly #news = new Doorbell();
  /** A transaction was made: there may be room to read on. */
  readonly #room = new Doorbell();
  /** Ends everything with the partition, or when one part of the loop ends. */
  readonly #ended = new AbortController();
  readonly #signal: AbortSignal;

  readonly #watch: WorkWatch | undefined;

  /** @param watch hears that handlers get on; none: nobody looks */
  constructor(partition: OwnedPartition, options: ConsumeRecordsOptions, watch?: WorkWatch) {
    this.#partition = partition;
    this.#watch = watch;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#backoff = options.backoff ?? exponentialBackoff();
    this.#deadLetterForm = options.deadLetterForm ?? deadLetterRecord;
    this.#settled = new SettledRecords(options.outcomes ?? 'at-once');
    this.#slots = new FairSlots(options.concurrency ?? 8);
    this.#signal = AbortSignal.any([partition.lost, this.#ended.signal]);
    // Every lane that waits listens; Node takes more than ten for a leak.
    setMaxListeners(0, this.#signal);
  }

  /** Works until the partition is lost or an outcome is fatal; no handler runs on after it. */
  async run(): Promise<void> {
    const parts = [this.#readOn(), this.#commitOn()];
    try {
      await Promise.all(parts);
    } finally {
      this.#ended.abort();
      await Promise.allSettled([...parts, ...this.#running]);
    }
  }

  async #readOn(): Promise<void> {
    const { windowSize = 1_000, windowBytes = 32 * 1024 * 1024 } = this.#options;
    while (!this.#signal.aborted) {
      const free = windowSize - this.#window.openCount;
      if (free < 1 || this.#openBytes >= windowBytes) {
        await this.#room.wait(this.#clock, undefined, this.#signal);
        continue;
      }
      const records = await this.#partition.read(Math.min(readLimit, free), readWaitMs);
      // Ended while it was waiting: they belong to the next hand-over.
      if (this.#signal.aborted) return;
      for (const record of records) this.#deliver(record);
    }
  }

  #deliver(record: IncomingRecord): void {
    const name = (this.#options.laneOf ?? keyOf)(record);
    this.#window.add(record.offset);
    this.#openBytes += record.value.length;
    const lane = this.#lanes.get(name);
    if (lane !== undefined) {
      lane.push(record);
      return;
    }
    this.#lanes.set(name, [record]);
    const running = this.#serve(name).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async #serve(name: string): Promise<void> {
    const lane = this.#lanes.get(name) ?? [];
    for (let record = lane[0]; record !== undefined; record = lane[0]) {
      const settled = await this.#settle(record);
      if (settled === 'stop') return;
      this.#settled.add(settled);
      this.#news.ring();
      lane.shift();
    }
    this.#lanes.delete(name);
  }

  /** Handles one record until it is settled. */
  async #settle(record: IncomingRecord): Promise<Settled | 'stop'> {
    const { log, stage, onFatal } = this.#options;
    const place = { topic: record.topic, partition: record.partition, offset: `${record.offset}` };
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#attempt(record, attempt);
      if (outcome === 'stop') return 'stop';
      switch (outcome.kind) {
        case 'done':
          return { record, records: outcome.records, isDeadLetter: false };
        case 'retry': {
          const afterMs = outcome.afterMs ?? this.#backoff(attempt);
          log.warn('record is retried', { ...place, attempt, afterMs, reason: outcome.reason });
          await this.#clock.sleep(afterMs, this.#signal).catch(() => {});
          break;
        }
        case 'dead-letter': {
          const { reason, errorClass, records = [], about = {} } = outcome;
          log.error('record is set aside', { ...place, attempt, reason, alert: 'dead_letter' });
          const cause = { stage, reason, errorClass, attempt, time: this.#clock.now(), about };
          const letter = this.#deadLetterForm(record, cause);
          return { record, records: [letter, ...records], isDeadLetter: true };
        }
        case 'fatal':
          this.#ended.abort();
          onFatal(new LetheError('internal', outcome.reason));
          return 'stop';
        default:
          return outcome satisfies never;
      }
    }
  }

  async #attempt(record: IncomingRecord, attempt: number): Promise<Outcome | 'stop'> {
    const { group, stage, handle } = this.#options;
    await this.#slots.take();
    try {
      if (this.#signal.aborted) return 'stop';
      const context = { signal: this.#signal, attempt, beat: () => this.#watch?.beat() };
      const place = { group, stage, attempt, system: this.#partition.system };
      const outcome = await handleTraced(record, place, async () => {
        this.#watch?.begin();
        try {
          return await handle(record, context);
        } catch (thrown) {
          return outcomeOfError(thrown, attempt);
        } finally {
          this.#watch?.end();
        }
      });
      return this.#signal.aborted ? 'stop' : outcome;
    } finally {
      this.#slots.release();
    }
  }

  async #commitOn(): Promise<void> {
    while (!this.#signal.aborted) {
      const settled = this.#settled.take(this.#window);
      if (settled.length === 0) await this.#news.wait(this.#clock, undefined, this.#signal);
      else await this.#commit(settled);
      this.#room.ring();
    }
  }

  async #commit(settled: readonly Settled[]): Promise<void> {
    const nextOffset = this.#window.watermark;
    if (nextOffset === undefined) return;
    await commitOrLighten(
      settled.flatMap(({ records }) => records),
      () => settled.flatMap(lighten),
      (records) => this.#partition.commit(nextOffset, records),
    );
    this.#window.committed(nextOffset);
    for (const { record } of settled) this.#openBytes -= record.value.length;
  }
}

/** The dead letters among them without their bytes; everything else as it is. */
function lighten({ records, isDeadLetter }: Settled): readonly OutgoingRecord[] {
  return isDeadLetter ? records.map(withoutBody) : records;
}

function keyOf({ key }: IncomingRecord): string {
  return key;
}
