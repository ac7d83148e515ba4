import { once } from 'node:events';
import { LetheError } from '@lethe/contracts';
import { translateSqliteError } from '@lethe/sqlite';
import type { Backoff } from '../backoff.ts';
import type { ConsumeOptions, Consumption } from '../message-bus.ts';
import { pause } from '../pause.ts';
import type { Membership } from './group-table.ts';
import { type BusParts, SqliteOwnedPartition } from './owned-partition.ts';
import type { LogPosition } from './record-log.ts';

/** A log that this member serves: the hand-over that runs, and the end of all of them. */
interface Slot {
  current: SqliteOwnedPartition | undefined;
  done: Promise<void>;
}

/**
 * One member of a group. {@link reconcile} compares what the cursors say with what runs here and
 * starts or ends hand-overs; there is at most one `onPartition` at a time per log and member.
 */
export class SqliteConsumption implements Consumption {
  readonly member: Membership;
  readonly #parts: BusParts;
  readonly #options: ConsumeOptions;
  readonly #backoff: Backoff;
  readonly #onLeft: () => void;
  readonly #slots = new Map<number, Slot>();
  readonly #closing = new AbortController();
  #hasFailed = false;
  #disposal: Promise<void> | undefined;

  constructor(
    parts: BusParts,
    options: ConsumeOptions,
    member: Membership,
    backoff: Backoff,
    onLeft: () => void,
  ) {
    this.#parts = parts;
    this.#options = options;
    this.member = member;
    this.#backoff = backoff;
    this.#onLeft = onLeft;
  }

  owned(): readonly string[] {
    return [...this.#slots.values()]
      .flatMap(({ current }) => (current === undefined || current.lost.aborted ? [] : [current]))
      .map(({ topic, partition }) => `${topic}/${partition}`)
      .toSorted();
  }

  reconcile(): void {
    if (this.#closing.signal.aborted) return;
    const owned = this.#parts.groups.owned(this.member);
    const epochs = new Map(owned.map(({ logId, epoch }) => [logId, epoch]));
    for (const [logId, { current }] of this.#slots) {
      // Another epoch: it went away and came back, somebody else may have worked in between.
      if (current !== undefined && epochs.get(logId) !== current.epoch) current.lose();
    }
    for (const position of owned) {
      if (!this.#slots.has(position.logId)) this.#open(position);
    }
  }

  /** Reports an error that time does not heal, once. @returns whether it is of that kind */
  fail(error: LetheError): boolean {
    if (error.code === 'unavailable' || error.code === 'capacity') return false;
    if (!this.#hasFailed) this.#options.onFatal(error);
    this.#hasFailed = true;
    return true;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#disposal ??= this.#dispose();
    return this.#disposal;
  }

  async #dispose(): Promise<void> {
    this.#closing.abort();
    // What was asked for before the end still counts.
    this.#parts.queue.flush();
    for (const { current } of this.#slots.values()) current?.lose();
    try {
      this.#parts.groups.leave(this.member);
    } catch {
      // Others notice by the session time-out.
    }
    this.#onLeft();
    await Promise.all([...this.#slots.values()].map((slot) => slot.done));
  }

  #open(position: LogPosition): void {
    const slot: Slot = { current: undefined, done: Promise.resolve() };
    this.#slots.set(position.logId, slot);
    slot.done = this.#serve(slot, position);
  }

  async #serve(slot: Slot, position: LogPosition): Promise<void> {
    let failures = 0;
    while (!this.#closing.signal.aborted) {
      const taken = this.#take(position);
      if (taken === 'not-ours') break;
      let progress = false;
      if (taken !== 'not-now') {
        slot.current = taken;
        await this.#handOver(taken);
        slot.current = undefined;
        progress = taken.hasCommitted;
      }
      failures = progress ? 1 : failures + 1;
      await pause(this.#backoff(failures), this.#closing.signal);
    }
    this.#slots.delete(position.logId);
  }

  #take(position: LogPosition): SqliteOwnedPartition | 'not-ours' | 'not-now' {
    try {
      const ownership = this.#parts.groups.take(this.member, position.logId);
      if (ownership === undefined) return 'not-ours';
      return new SqliteOwnedPartition(this.#parts, this.member, position, ownership);
    } catch (thrown) {
      return this.fail(translateSqliteError(thrown, `The message log ${this.#parts.file}`))
        ? 'not-ours'
        : 'not-now';
    }
  }

  /** One call of `onPartition`; ends when it has returned and the partition is no longer held. */
  async #handOver(partition: SqliteOwnedPartition): Promise<void> {
    try {
      await this.#options.onPartition(partition);
      await aborted(partition.lost);
    } catch (thrown) {
      if (!partition.lost.aborted) this.#options.onRetry?.(LetheError.from(thrown), partition);
    } finally {
      partition.lose();
    }
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}
