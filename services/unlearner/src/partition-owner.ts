/**
 * One owned partition of deletion requests: reads, hands each model its requests, and makes
 * every transaction of the partition.
 *
 * Invariants:
 * 1. One transaction at a time; each carries the offset as far as the window allows, and the dead
 *    letters that wait: none leaves later than the offset that passes its record. The mark beside
 *    the offset tells the next owner whose outbox was in it or in one before.
 * 2. Memory is bounded: with `windowSize` records open, nothing more is read.
 * 3. Every registered model of the partition is served from the start, also when no record of
 *    its own is read any more: refused rounds wait in the lineage, not in the bus.
 */
import {
  type Backoff,
  exponentialBackoff,
  type IncomingRecord,
  type OutgoingRecord,
  type OwnedPartition,
  partitionOf,
} from '@lethe/bus';
import {
  DeletionRequested,
  describeSafely,
  LetheError,
  type ModelKey,
  parseModelKey,
  topics,
} from '@lethe/contracts';
import {
  commitOrLighten,
  Doorbell,
  deadLetterRecord,
  decodeEvent,
  OffsetWindow,
  withoutBody,
} from '@lethe/service-kit';
import { SentOutboxes } from './domain/sent-outboxes.ts';
import * as events from './events.ts';
import type { ModelActorDeps } from './model-actor.ts';
import type { Outlet, SentManifest } from './outlet.ts';
import { ServedModel } from './served-model.ts';

export interface PartitionOwnerDeps extends ModelActorDeps {
  /** Most records read and not yet finished. */
  readonly windowSize: number;
}

const readLimit = 500;
const readWaitMs = 500;

export class PartitionOwner implements Outlet {
  readonly #partition: OwnedPartition;
  readonly #deps: PartitionOwnerDeps;
  readonly #window = new OffsetWindow();
  readonly #models = new Map<ModelKey, ServedModel>();
  readonly #running = new Set<Promise<void>>();
  readonly #room = new Doorbell();
  /** Dead letters for the next transaction. */
  readonly #letters: OutgoingRecord[] = [];
  #sent: SentOutboxes;
  /** Settles when the transaction before has: they queue up. */
  #transaction: Promise<void> = Promise.resolve();
  /** Ends the models' work with the partition, or with {@link run}. */
  readonly #ended = new AbortController();
  readonly #signal: AbortSignal;

  constructor(partition: OwnedPartition, deps: PartitionOwnerDeps) {
    this.#partition = partition;
    this.#deps = deps;
    this.#sent = SentOutboxes.parse(partition.start.mark);
    this.#signal = AbortSignal.any([partition.lost, this.#ended.signal]);
  }

  get system(): string | undefined {
    return this.#partition.system;
  }

  /** Works until the partition is lost; then no round of its models computes on. */
  async run(): Promise<void> {
    const { lost } = this.#partition;
    try {
      await this.#resume();
      while (!lost.aborted) {
        if (this.#window.openCount < this.#deps.windowSize) await this.#readOn();
        else await this.#room.wait(this.#deps.clock, readWaitMs, lost);
        const hasNews = this.#window.canAdvance || this.#letters.length > 0;
        if (hasNews && !lost.aborted) await this.#transact(() => this.#commit([], this.#sent));
      }
    } finally {
      this.#ended.abort();
      await Promise.all(this.#running);
    }
  }

  /** A decision about a model may have been made. */
  hint(modelKey: string): void {
    this.#models.get(modelKey as ModelKey)?.hint();
  }

  finish(offset: bigint, deadLetter?: OutgoingRecord): void {
    this.#window.settle(offset);
    if (deadLetter !== undefined) this.#letters.push(deadLetter);
    this.#room.ring();
  }

  hasSent({ modelKey, digest }: SentManifest): boolean {
    return this.#sent.has(modelKey, digest);
  }

  send(records: readonly OutgoingRecord[], { modelKey, digest }: SentManifest): Promise<void> {
    return this.#transact(() => this.#commit(records, this.#sent.with(modelKey, digest)));
  }

  #transact(commit: () => Promise<void>): Promise<void> {
    const transaction = this.#transaction.then(commit);
    this.#transaction = transaction.catch(() => {});
    return transaction;
  }

  async #commit(records: readonly OutgoingRecord[], sent: SentOutboxes): Promise<void> {
    // Before anything is read the offset stays where it is, and the mark moves.
    const nextOffset = this.#window.watermark ?? this.#partition.start.offset;
    const letters = this.#letters.slice();
    await commitOrLighten(
      [...letters, ...records],
      () => [...letters.map(withoutBody), ...records],
      (written) => this.#partition.commit(nextOffset, written, String(sent)),
    );
    // Only now: a transaction that failed is made again.
    this.#letters.splice(0, letters.length);
    this.#sent = sent;
    this.#window.committed(nextOffset);
    this.#room.ring();
  }

  /** Invariant 3. */
  async #resume(): Promise<void> {
    const { lost, partition } = this.#partition;
    const backoff: Backoff = exponentialBackoff(500, 30_000);
    for (let failures = 1; !lost.aborted; failures++) {
      try {
        const mine = (await this.#deps.lineages.models()).filter(
          (key) => partitionOf(key, topics.deletionRequested.partitions) === partition,
        );
        for (const modelKey of mine) this.#serve(modelKey);
        return;
      } catch (thrown) {
        events.blocked(this.#deps.log, '*', LetheError.from(thrown), backoff(failures));
        await this.#deps.clock.sleep(backoff(failures), lost).catch(() => {});
      }
    }
  }

  async #readOn(): Promise<void> {
    const limit = Math.min(readLimit, this.#deps.windowSize - this.#window.openCount);
    for (const record of await this.#partition.read(limit, readWaitMs)) {
      this.#window.add(record.offset);
      this.#route(record);
    }
  }

  #route(record: IncomingRecord): void {
    try {
      const request = decodeEvent(DeletionRequested, record);
      const modelKey = parseModelKey(request.modelKey);
      if (record.key !== modelKey) {
        throw new LetheError('invalid', 'its key is not the model that it names');
      }
      this.#serve(modelKey).deliver(request, record);
    } catch (thrown) {
      const { code: errorClass } = LetheError.from(thrown);
      const reason = describeSafely(thrown);
      events.deadLettered(this.#deps.log, record, reason, this.system);
      const time = this.#deps.clock.now();
      const cause = { stage: 'unlearner', reason, errorClass, attempt: 1, time };
      this.finish(record.offset, deadLetterRecord(record, cause));
    }
  }

  #serve(modelKey: ModelKey): ServedModel {
    const known = this.#models.get(modelKey);
    if (known !== undefined) return known;
    const model = new ServedModel(modelKey, this, this.#deps);
    this.#models.set(modelKey, model);
    const running = model.run(this.#signal).finally(() => {
      // An unknown model may be registered later: then its next request finds it.
      this.#models.delete(modelKey);
      this.#running.delete(running);
    });
    this.#running.add(running);
    return model;
  }
}
