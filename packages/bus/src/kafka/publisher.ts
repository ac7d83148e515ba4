import { LetheError } from '@lethe/contracts';
import type { PartitionBatch } from './batches.ts';
import type { KafkaClients } from './clients.ts';
import type { Producer } from './kafkajs.ts';
import { sendBatch } from './send-batch.ts';
import { classifyKafkaError } from './translate-error.ts';

interface Waiting {
  readonly batch: PartitionBatch;
  readonly resolve: () => void;
  readonly reject: (error: LetheError) => void;
}

/** A producer, disconnected when it is retired and its last request has ended. */
interface Session {
  readonly producer: Promise<Producer>;
  inFlight: number;
  retired: boolean;
}

/** Records of one request, at most: they make one batch, which the broker limits in bytes. */
const maxMergedBytes = 512 * 1024;

/**
 * Publishes without transactions: idempotent, acknowledged by all replicas in sync.
 *
 * 1. One request at a time for each partition. kafkajs takes back the sequence numbers of a request
 *    that failed; another one sent meanwhile would take them, and the broker would drop it as a
 *    repetition, acknowledged.
 * 2. After an error that outlasted all retries the producer is thrown away, for the same reason.
 * 3. What is asked for while a partition is busy goes in the next request, together.
 */
export class Publisher {
  readonly #clients: KafkaClients;
  readonly #queues = new Map<string, Waiting[]>();
  readonly #busy = new Map<string, Promise<void>>();
  #session: Session | undefined;
  #trouble: LetheError | undefined;
  #closed = false;

  constructor(clients: KafkaClients) {
    this.#clients = clients;
  }

  /** Why nothing could be published lately. */
  get trouble(): LetheError | undefined {
    return this.#trouble;
  }

  /** @throws LetheError `unavailable` when it is not known which of the batches were written */
  async publish(batches: readonly PartitionBatch[]): Promise<void> {
    const results = await Promise.allSettled(batches.map((batch) => this.#enqueue(batch)));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** Waits for everything that was asked for, then disconnects. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#busy.size > 0) await Promise.all(this.#busy.values());
    if (this.#session !== undefined) await disconnect(this.#session);
  }

  #enqueue(batch: PartitionBatch): Promise<void> {
    if (this.#closed) throw new LetheError('precondition', 'The message bus has been closed.');
    const name = `${batch.topic}/${batch.partition}`;
    return new Promise((resolve, reject) => {
      const queue = this.#queues.get(name) ?? [];
      queue.push({ batch, resolve, reject });
      this.#queues.set(name, queue);
      if (!this.#busy.has(name)) this.#busy.set(name, this.#drain(name));
    });
  }

  async #drain(name: string): Promise<void> {
    // Gives the caller's other batches, and other callers, the time to join.
    await Promise.resolve();
    for (let next = this.#take(name); next !== undefined; next = this.#take(name)) {
      await this.#send(name, next);
    }
    this.#busy.delete(name);
  }

  #take(name: string): readonly Waiting[] | undefined {
    const queue = this.#queues.get(name) ?? [];
    let count = 0;
    for (let sizeBytes = 0; count < queue.length; count++) {
      sizeBytes += bytesOf(queue[count]!.batch);
      if (count > 0 && sizeBytes > maxMergedBytes) break;
    }
    if (count > 0) return queue.splice(0, count);
    this.#queues.delete(name);
    return undefined;
  }

  async #send(name: string, waiting: readonly Waiting[]): Promise<void> {
    const session = this.#open();
    const { batch } = waiting[0]!;
    const messages = waiting.flatMap((each) => each.batch.messages);
    session.inFlight++;
    try {
      await sendBatch(await session.producer, { ...batch, messages });
      this.#trouble = undefined;
      for (const { resolve } of waiting) resolve();
    } catch (thrown) {
      const { kind, error } = classifyKafkaError(thrown, `Publishing to ${name}`);
      this.#retire(session);
      if (waiting.length > 1 && (kind === 'capacity' || kind === 'poison')) {
        // What is refused of one caller takes no other down.
        for (const each of waiting) await this.#send(name, [each]);
      } else {
        if (kind === 'transient' || kind === 'fatal') this.#trouble = error;
        for (const { reject } of waiting) reject(error);
      }
    } finally {
      session.inFlight--;
      if (session.retired && session.inFlight === 0) void disconnect(session);
    }
  }

  #open(): Session {
    this.#session ??= { producer: this.#connect(), inFlight: 0, retired: false };
    return this.#session;
  }

  async #connect(): Promise<Producer> {
    const producer = this.#clients.idempotentProducer();
    await producer.connect();
    return producer;
  }

  #retire(session: Session): void {
    session.retired = true;
    if (this.#session === session) this.#session = undefined;
  }
}

async function disconnect({ producer }: Session): Promise<void> {
  await producer.then((opened) => opened.disconnect()).catch(() => {});
}

function bytesOf({ messages }: PartitionBatch): number {
  return messages.reduce((sum, { key, value }) => sum + key.length + value.length + 70, 0);
}
