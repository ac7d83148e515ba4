import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { LetheError } from '@lethe/contracts';
import type { Backoff } from '../backoff.ts';
import type { ConsumeOptions, Consumption, OutgoingRecord } from '../message-bus.ts';
import { pause } from '../pause.ts';
import type { PartitionBatch } from './batches.ts';
import type { KafkaClients } from './clients.ts';
import { FencedProducer, type InputPartition } from './fenced-producer.ts';
import { GroupMember } from './group-member.ts';
import { type Fenced, KafkaOwnedPartition } from './owned-partition.ts';
import { type PartitionBounds, startOffset } from './start-offset.ts';
import type { Assignment, Holdings } from './sticky-assigner.ts';
import { classifyKafkaError } from './translate-error.ts';

/** What consumptions share with their bus. */
export interface ConsumptionParts {
  readonly clients: KafkaClients;
  readonly transactionalIdPrefix: string;
  readonly sessionTimeoutMs: number;
  readonly standstillMs: number;
  readonly backoff: Backoff;
  /** Sorts records by partition. @throws LetheError `capacity`, `not_found` */
  prepare(records: readonly OutgoingRecord[]): Promise<readonly PartitionBatch[]>;
  /** What the broker says of one input partition. */
  boundsOf(input: InputPartition): Promise<PartitionBounds>;
  onCommitted(input: InputPartition, nextOffset: bigint): void;
}

/** A partition that this member serves: the hand-over that runs, and the end of all of them. */
interface Slot {
  readonly input: InputPartition;
  current: KafkaOwnedPartition | undefined;
  /** Counts how often the partition was with somebody else meanwhile. */
  absences: number;
  /** Why nothing can be taken over or committed at present, where that is so. */
  trouble: LetheError | undefined;
  done: Promise<void>;
}

/** So many times in a row, each within a session, kafkajs may fail for no reason that it knows. */
const maxMistakes = 5;

/**
 * One member of a group, and the hand-overs of its partitions.
 *
 * 1. Fence, read, process: a hand-over opens a fenced producer, then reads the committed offset,
 *    then lets records be fetched from there.
 * 2. At most one `onPartition` at a time for each partition.
 * 3. A partition that stays with this member through a rebalance keeps its hand-over. Should
 *    somebody else have had it meanwhile, the next commit is refused as fenced.
 * 4. When kafkajs's consumer crashes, or a transaction fails, hand-overs go on: it is no reason to
 *    throw away the work of minutes. The next assignment says what remains, and the offset behind a
 *    new fence what was committed.
 * 5. Nobody fences while it is not sure of its membership: a process that slept past its session
 *    would take partitions from their rightful owners.
 */
export class KafkaConsumption implements Consumption {
  readonly #parts: ConsumptionParts;
  readonly #options: ConsumeOptions;
  readonly #onLeft: () => void;
  readonly #slots = new Map<string, Slot>();
  /** Nothing new begins. */
  readonly #closing = new AbortController();
  /** The group is left. */
  readonly #leaving = new AbortController();
  readonly #running: Promise<void>;
  #member: GroupMember | undefined;
  #assigned = new Set<string>();
  /** Why kafkajs's consumer gave up, until it has joined anew. */
  #trouble: LetheError | undefined;
  #hasFailed = false;
  #disposal: Promise<void> | undefined;

  constructor(parts: ConsumptionParts, options: ConsumeOptions, onLeft: () => void) {
    this.#parts = parts;
    this.#options = options;
    this.#onLeft = onLeft;
    this.#running = this.#run();
  }

  owned(): readonly string[] {
    return [...this.#slots.values()]
      .flatMap(({ current }) => (current === undefined || current.lost.aborted ? [] : [current]))
      .map(({ topic, partition }) => `${topic}/${partition}`)
      .toSorted();
  }

  /** Why nothing can be read at present, where that is so. */
  interruption(): LetheError | undefined {
    const [ofSlot] = [...this.#slots.values()].flatMap(({ trouble }) => trouble ?? []);
    return this.#trouble ?? ofSlot ?? this.#member?.silence();
  }

  /** Why only a new process would read on, where that is so. */
  standstill(): LetheError | undefined {
    return this.#closing.signal.aborted ? undefined : this.#member?.standstill();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#disposal ??= this.#dispose();
    return this.#disposal;
  }

  async #dispose(): Promise<void> {
    this.#closing.abort();
    // Commits at work still count, and only then does the next owner fence.
    const partitions = [...this.#slots.values()].flatMap(({ current }) => current ?? []);
    await Promise.all(partitions.map((partition) => partition.close()));
    this.#leaving.abort();
    await this.#running;
    this.#onLeft();
    await Promise.all([...this.#slots.values()].map((slot) => slot.done));
  }

  /** Joins the group, again and again: kafkajs ends a consumer that met an error it does not know. */
  async #run(): Promise<void> {
    const { signal } = this.#closing;
    for (let failures = 0; !signal.aborted; ) {
      const member = new GroupMember({
        clients: this.#parts.clients,
        group: this.#options.group,
        topics: [...new Set(this.#options.topics)],
        sessionTimeoutMs: this.#parts.sessionTimeoutMs,
        standstillMs: this.#parts.standstillMs,
        holdings: () => this.#holdings(),
        partition: (topic, partition) => this.#slots.get(`${topic}/${partition}`)?.current,
        onAssigned: (assignment) => {
          this.#trouble = undefined;
          this.#reconcile(assignment);
        },
      });
      this.#member = member;
      const crash = await member.run(this.#leaving.signal);
      if (crash === undefined) break;
      failures = member.hasLasted ? 1 : failures + 1;
      const { kind, error } = classifyKafkaError(
        crash,
        `Consuming from Kafka as group ${this.#options.group}`,
      );
      this.#trouble = error;
      // A mistake inside kafkajs may not come again; one that always comes is fatal.
      const isHopeless = error.code === 'internal' ? failures > maxMistakes : kind === 'fatal';
      if (isHopeless) {
        this.#reconcile({});
        this.#fail(error);
      }
      await pause(this.#parts.backoff(failures), signal);
    }
    this.#reconcile({});
  }

  /** What this member works on: told to whoever assigns the partitions. */
  #holdings(): Omit<Holdings, 'isReturning'> {
    const owned: Record<string, number[]> = {};
    const busy: Record<string, number[]> = {};
    const add = (to: Record<string, number[]>, { topic, partition }: InputPartition) => {
      to[topic] = [...(to[topic] ?? []), partition];
    };
    for (const [name, { input, current }] of this.#slots) {
      // One that is being taken over stays; one that is being closed, until its commits have ended.
      const isHeld = this.#closing.signal.aborted
        ? current !== undefined
        : this.#assigned.has(name);
      if (!isHeld) continue;
      add(owned, input);
      if (current?.isBusy === true) add(busy, input);
      // What is told as idle stays so until it is known who gets it.
      else current?.hold();
    }
    return { owned, busy };
  }

  #reconcile(assignment: Assignment): void {
    const assigned = new Map<string, InputPartition>();
    for (const [topic, partitions] of Object.entries(assignment)) {
      for (const partition of partitions) {
        const input = { group: this.#options.group, topic, partition };
        assigned.set(`${topic}/${partition}`, input);
      }
    }
    this.#assigned = new Set(assigned.keys());
    for (const [name, slot] of this.#slots) {
      if (assigned.has(name)) {
        slot.current?.release();
        continue;
      }
      slot.current?.lose();
      slot.absences++;
    }
    if (this.#closing.signal.aborted) return;
    for (const [name, input] of assigned) {
      if (!this.#slots.has(name)) this.#open(name, input);
    }
  }

  #open(name: string, input: InputPartition): void {
    const slot: Slot = {
      ...{ input, current: undefined, absences: 0, trouble: undefined },
      done: Promise.resolve(),
    };
    this.#slots.set(name, slot);
    slot.done = this.#serve(name, slot);
  }

  async #serve(name: string, slot: Slot): Promise<void> {
    const { signal } = this.#closing;
    for (let failures = 0; !signal.aborted && this.#assigned.has(name); ) {
      const taken = await this.#take(slot);
      let progress = false;
      if (taken !== undefined) {
        slot.current = taken;
        slot.trouble = undefined;
        this.#member?.fetchFrom(taken);
        await this.#handOver(taken);
        await taken.close();
        slot.current = undefined;
        progress = taken.hasCommitted;
      }
      failures = progress ? 1 : failures + 1;
      if (this.#assigned.has(name)) await pause(this.#parts.backoff(failures), signal);
    }
    this.#slots.delete(name);
  }

  async #take(slot: Slot): Promise<KafkaOwnedPartition | undefined> {
    const { input } = slot;
    const fenced = await this.#fence(slot);
    if (fenced === undefined) return undefined;
    const partition: KafkaOwnedPartition = new KafkaOwnedPartition(input, fenced, {
      pause: () => this.#member?.pause(input),
      resume: () => this.#member?.resume(input),
      prepare: (records) => this.#parts.prepare(records),
      renew: (failed) => this.#renew(slot, partition.lost, failed),
      onCommitted: (nextOffset) => {
        this.#parts.onCommitted(input, nextOffset);
        slot.trouble = undefined;
      },
    });
    return partition;
  }

  /** Fence, then read. Gives nothing when the partition went away meanwhile, or at a failure. */
  async #fence(slot: Slot): Promise<Fenced | undefined> {
    const { input, absences } = slot;
    const name = `${input.topic}/${input.partition}`;
    let producer: FencedProducer | undefined;
    try {
      // The member may be another one by then: kafkajs's consumers crash.
      while (this.#member?.isCertain !== true && !this.#closing.signal.aborted) await sleep(20);
      if (!this.#assigned.has(name)) return undefined;
      const { clients, transactionalIdPrefix } = this.#parts;
      producer = await FencedProducer.open(clients, input, transactionalIdPrefix);
      const bounds = await this.#parts.boundsOf(input);
      const start = { offset: startOffset(input, bounds), mark: bounds.mark };
      const isStillOurs = this.#assigned.has(name) && slot.absences === absences;
      if (isStillOurs && !this.#closing.signal.aborted) return { producer, start };
    } catch (thrown) {
      const { kind, error } = classifyKafkaError(thrown, `Taking over ${name}`);
      slot.trouble = error;
      // Records that are gone, rights that are missing: no waiting helps.
      const isHopeless = error.code === 'corrupt' || kind === 'fatal';
      if (isHopeless && error.code !== 'internal') this.#fail(error);
      else if (this.#assigned.has(name)) this.#options.onRetry?.(error, input);
    }
    await producer?.close();
    return undefined;
  }

  /** Fences anew, as often as it takes: a transaction that failed ends no hand-over. */
  async #renew(
    slot: Slot,
    lost: AbortSignal,
    { error, attempt }: { readonly error: LetheError; readonly attempt: number },
  ): Promise<Fenced | undefined> {
    const signal = AbortSignal.any([lost, this.#closing.signal]);
    slot.trouble = error;
    this.#options.onRetry?.(error, slot.input);
    for (let failures = attempt; ; failures++) {
      await pause(this.#parts.backoff(failures), signal);
      if (signal.aborted) return undefined;
      const fenced = await this.#fence(slot);
      if (fenced !== undefined) return fenced;
    }
  }

  /** One call of `onPartition`; ends when it has returned and the partition is no longer held. */
  async #handOver(partition: KafkaOwnedPartition): Promise<void> {
    try {
      await this.#options.onPartition(partition);
      if (!partition.lost.aborted) await once(partition.lost, 'abort');
    } catch (thrown) {
      // A commit that failed has ended the hand-over; why is worth a line unless it was taken away.
      const error = LetheError.from(thrown);
      const wasTakenAway = partition.lost.aborted && error.code === 'fenced';
      if (!wasTakenAway && !this.#closing.signal.aborted) this.#options.onRetry?.(error, partition);
    } finally {
      partition.lose();
    }
  }

  #fail(error: LetheError): void {
    if (!this.#hasFailed) this.#options.onFatal(error);
    this.#hasFailed = true;
  }
}
