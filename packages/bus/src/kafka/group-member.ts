import { setTimeout as sleep } from 'node:timers/promises';
import { LetheError } from '@lethe/contracts';
import type { KafkaClients } from './clients.ts';
import { toIncoming } from './incoming.ts';
import type { Consumer, EachBatchPayload, KafkaMessage } from './kafkajs.ts';
import type { KafkaOwnedPartition } from './owned-partition.ts';
import { type Assignment, type Holdings, stickyAssigner } from './sticky-assigner.ts';

interface Place {
  readonly topic: string;
  readonly partition: number;
}

export interface GroupMemberOptions {
  readonly clients: KafkaClients;
  readonly group: string;
  readonly topics: readonly string[];
  readonly sessionTimeoutMs: number;
  /** So long without an answer and without an error, and kafkajs is given up. */
  readonly standstillMs: number;
  /** What this member works on, for the assignment to leave it there. */
  readonly holdings: () => Omit<Holdings, 'isReturning'>;
  /** The hand-over that takes the records of a partition, where there is one. */
  readonly partition: (topic: string, partition: number) => KafkaOwnedPartition | undefined;
  /** Hears of every assignment, before anything is fetched under it. */
  readonly onAssigned: (assignment: Assignment) => void;
}

/** A fetched batch, with the offset that was asked for: kafkajs has it but does not declare it. */
type FetchedBatch = EachBatchPayload['batch'] & { readonly fetchedOffset: string };

/** A life sign at every tenth of a session: a rebalance is noticed that quickly, too. */
const heartbeatsPerSession = 10;
/** The broker answers a fetch after this long at the latest; the runner beats in between. */
const maxFetchWaitMs = 100;
const maxBytesPerPartition = 512 * 1024;
const maxBytesPerFetch = 2 * 1024 * 1024;
/**
 * How long leaving is waited for; it goes on afterwards. A consumer that is told to stop while it
 * joins would join nevertheless, and stay as a ghost: so it joins first, then leaves.
 */
const leaveTimeoutMs = 5_000;

/**
 * One life of a kafkajs consumer, from joining to leaving or crashing. It only fetches: records go
 * into the hand-over of their partition, and a partition without one, or with a full one, is
 * paused. So the runner is never held up, and beats while rounds take minutes; it stops beating
 * when this thread is stuck.
 */
export class GroupMember {
  readonly #options: GroupMemberOptions;
  readonly #consumer: Consumer;
  #lastBeatMs = Number.NEGATIVE_INFINITY;
  #startedMs = performance.now();
  #joinedMs = Number.POSITIVE_INFINITY;
  /** The last answer or failure of any kind: while brokers are away there are failures. */
  #lastSignMs = performance.now();
  #isOver = false;

  constructor(options: GroupMemberOptions) {
    const { clients, group, sessionTimeoutMs, holdings } = options;
    this.#options = options;
    const heartbeatInterval = Math.ceil(sessionTimeoutMs / heartbeatsPerSession);
    const settings = {
      groupId: group,
      sessionTimeout: sessionTimeoutMs,
      // Nobody here is slow to join again; who is dead should not hold up the others for longer.
      rebalanceTimeout: sessionTimeoutMs,
      heartbeatInterval,
      maxWaitTimeInMs: Math.min(maxFetchWaitMs, heartbeatInterval),
      maxBytesPerPartition,
      maxBytes: maxBytesPerFetch,
      allowAutoTopicCreation: false,
      partitionAssigners: [
        stickyAssigner(() => {
          const isReturning = !this.hasJoined || this.silence() !== undefined;
          return { ...holdings(), isReturning };
        }),
      ],
    };
    this.#consumer = clients.consumer(settings, () => this.#sign());
  }

  /** Whether it was ever part of the group. */
  get hasJoined(): boolean {
    return this.#lastBeatMs !== Number.NEGATIVE_INFINITY;
  }

  /** Whether it was part of the group for a session: what ends it then is no mistake of its start. */
  get hasLasted(): boolean {
    return this.#lastBeatMs - this.#joinedMs > this.#options.sessionTimeoutMs;
  }

  /** Why nothing is read at present. */
  silence(): LetheError | undefined {
    const silentMs = performance.now() - (this.hasJoined ? this.#lastBeatMs : this.#startedMs);
    if (silentMs < this.#options.sessionTimeoutMs) return undefined;
    const { clients, group } = this.#options;
    const reason = clients.lastError === undefined ? '' : ` Last error: ${clients.lastError}.`;
    return new LetheError(
      'unavailable',
      `group ${group}: no answer from Kafka (${clients.brokers.join(', ')}) for ${Math.round(silentMs / 1_000)} s.${reason}`,
    );
  }

  /**
   * Why this process should be replaced: kafkajs neither works nor fails any more. Brokers that are
   * away are no such reason: it goes on to knock at their doors, and to say so.
   */
  standstill(): LetheError | undefined {
    const stillMs = performance.now() - this.#lastSignMs;
    const { group, standstillMs } = this.#options;
    if (this.#isOver || stillMs < standstillMs) return undefined;
    return new LetheError(
      'internal',
      `group ${group}: the Kafka consumer has stopped without an error: neither an answer nor a failure for ${Math.round(stillMs / 1_000)} s`,
    );
  }

  /**
   * Works until `signal` aborts (gives nothing then), or until kafkajs gives up.
   *
   * @returns the error that it gave up with
   */
  async run(signal: AbortSignal): Promise<Error | undefined> {
    const consumer = this.#consumer;
    const { events } = consumer;
    let end: (error?: Error) => void = () => {};
    const ended = new Promise<Error | undefined>((resolve) => {
      end = resolve;
    });
    // The process would stay up and read nothing: kafkajs tells of it only here.
    consumer.on(events.CRASH, ({ payload }) => end(payload.error));
    consumer.on(events.HEARTBEAT, () => this.#beat());
    consumer.on(events.REQUEST, () => this.#sign());
    consumer.on(events.REQUEST_TIMEOUT, () => this.#sign());
    consumer.on(events.GROUP_JOIN, ({ payload }) => {
      this.#joinedMs = Math.min(this.#joinedMs, performance.now());
      this.#beat();
      this.#join(payload.memberAssignment as unknown as Assignment);
    });
    consumer.on(events.START_BATCH_PROCESS, ({ payload }) => {
      if (payload.batchSize === 0) this.#skip(payload, payload.firstOffset, payload.lastOffset);
    });
    const stop = () => end();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const started = this.#start().catch((thrown) => end(thrown as Error));
    const crash = await ended;
    signal.removeEventListener('abort', stop);
    this.#isOver = true;
    await Promise.race([
      started.then(() => consumer.disconnect()).catch(() => {}),
      sleep(leaveTimeoutMs, undefined, { ref: false }),
    ]);
    return crash;
  }

  /** Whether it has lately been told that it is part of the group. */
  get isCertain(): boolean {
    return performance.now() - this.#lastBeatMs <= this.#options.sessionTimeoutMs / 2;
  }

  /** Begins to fetch for a new hand-over. kafkajs's pause flags outlive assignments: it is cleared. */
  fetchFrom(partition: KafkaOwnedPartition): void {
    this.#seek(partition);
    this.resume(partition);
  }

  pause({ topic, partition }: Place): void {
    this.#whileRunning(() => this.#consumer.pause([{ topic, partitions: [partition] }]));
  }

  resume({ topic, partition }: Place): void {
    this.#whileRunning(() => this.#consumer.resume([{ topic, partitions: [partition] }]));
  }

  async #start(): Promise<void> {
    const consumer = this.#consumer;
    await consumer.connect();
    // `false` would begin at the newest record when an offset is out of range: silent loss.
    await consumer.subscribe({ topics: [...this.#options.topics], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: async (payload) => this.#take(payload),
    });
  }

  #beat(): void {
    this.#lastBeatMs = performance.now();
    this.#sign();
  }

  #sign(): void {
    this.#lastSignMs = performance.now();
  }

  /** Called before anything is fetched under the new assignment. */
  #join(assignment: Assignment): void {
    this.#options.onAssigned(assignment);
    for (const [topic, partitions] of Object.entries(assignment)) {
      for (const partition of partitions) {
        const current = this.#options.partition(topic, partition);
        // Nothing is fetched from the committed offset: where it is out of range, kafkajs moves it,
        // and nobody knows any more which records are missing.
        if (current === undefined || current.lost.aborted) this.pause({ topic, partition });
        else {
          this.#seek(current);
          if (current.isPaused) this.pause(current);
          else this.resume(current);
        }
      }
    }
  }

  #seek({ topic, partition, position }: KafkaOwnedPartition): void {
    this.#whileRunning(() => this.#consumer.seek({ topic, partition, offset: String(position) }));
  }

  #whileRunning(tell: () => void): void {
    try {
      tell();
    } catch {
      // It does not run yet, or has crashed: the next assignment sets everything anew.
    }
  }

  #take({ batch, resolveOffset }: EachBatchPayload): void {
    const { topic, partition } = batch;
    const { fetchedOffset } = batch as FetchedBatch;
    const current = this.#options.partition(topic, partition);
    if (current === undefined || current.lost.aborted) {
      this.pause({ topic, partition });
      return;
    }
    // From before a seek, or kafkajs has gone back to the committed offset, as it does at every
    // rebalance: comes again from the right place.
    if (BigInt(fetchedOffset) < current.position) {
      this.#seek(current);
      return;
    }
    // kafkajs has gone on behind a gap: what lies there must be looked at first.
    if (BigInt(fetchedOffset) > current.position) {
      current.lose();
      return;
    }
    const last = batch.lastOffset();
    resolveOffset(last);
    const records = batch.messages.map((message: KafkaMessage) =>
      toIncoming(topic, partition, message),
    );
    current.accept(records, BigInt(last) + 1n);
  }

  /** A batch of markers and aborted records only, which kafkajs passes over by itself. */
  #skip({ topic, partition }: Place, first: string | null, last: string): void {
    const current = this.#options.partition(topic, partition);
    if (first === null || current === undefined || current.lost.aborted) return;
    if (BigInt(first) > current.position) current.lose();
    else if (BigInt(last) >= current.position) current.accept([], BigInt(last) + 1n);
  }
}
