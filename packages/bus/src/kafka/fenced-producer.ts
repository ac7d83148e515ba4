import { setTimeout as sleep } from 'node:timers/promises';
import { LetheError } from '@lethe/contracts';
import type { CommittedPlace } from '../message-bus.ts';
import type { PartitionBatch } from './batches.ts';
import type { KafkaClients } from './clients.ts';
import type { Producer, Transaction } from './kafkajs.ts';
import { sendBatch } from './send-batch.ts';
import { classifyKafkaError, translateKafkaError } from './translate-error.ts';

/** Where an owner of a partition stands in its group. */
export interface InputPartition {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
}

/**
 * Answers to `sendOffsets` after which it may be sent again: the transaction before is still being
 * finished, or the coordinator of the group is new, has moved, or is loading. kafkajs passes them
 * on.
 */
const passing: ReadonlySet<string | undefined> = new Set([
  'CONCURRENT_TRANSACTIONS',
  'NOT_COORDINATOR_FOR_GROUP',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'GROUP_LOAD_IN_PROGRESS',
]);
const patienceMs = 20_000;

/**
 * The transactional producer of one hand-over of one input partition.
 *
 * 1. Opening it fences: every earlier producer of the same transactional id, wherever it runs, can
 *    commit nothing any more, and what it had open is finished or aborted.
 * 2. After any error of a transaction it is broken for good (kafkajs may never leave its state,
 *    and a delayed end of a transaction must not meet the next one): make a new one.
 * 3. Every `send` goes to one partition (one that spans brokers duplicates and loses records).
 */
export class FencedProducer {
  readonly #input: InputPartition;
  readonly #producer: Producer;
  #work: Promise<void> = Promise.resolve();
  #isBroken = false;

  private constructor(input: InputPartition, producer: Producer) {
    this.#input = input;
    this.#producer = producer;
  }

  /** Fences all earlier owners of `input`. @throws LetheError */
  static async open(
    clients: KafkaClients,
    input: InputPartition,
    prefix: string,
  ): Promise<FencedProducer> {
    const producer = clients.transactionalProducer(transactionalIdOf(prefix, input));
    try {
      await producer.connect();
      // Sends InitProducerId and nothing else; kafkajs would otherwise wait for the first commit.
      await (await producer.transaction()).abort();
      return new FencedProducer(input, producer);
    } catch (thrown) {
      await producer.disconnect().catch(() => {});
      throw translateKafkaError(thrown, `Taking over ${nameOf(input)}`);
    }
  }

  /** Whether a transaction has failed, or the hand-over has ended: nothing can be committed. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /**
   * Writes what `prepare` gives and sets the group's offset with its mark, in one transaction. What `prepare`
   * throws is thrown before anything began, and breaks nothing.
   *
   * @throws LetheError `fenced` when another owner has taken over, `capacity` and `invalid` when
   * the broker refuses a record, `unavailable` when the outcome is not known
   */
  commit(
    place: CommittedPlace,
    prepare: () => Promise<readonly PartitionBatch[]> = async () => [],
  ): Promise<void> {
    const commit = this.#work.then(async () => this.#commit(place, await prepare()));
    this.#work = commit.catch(() => {});
    return commit;
  }

  /** Waits for the commit at work: kafkajs's own disconnect does not. */
  async close(): Promise<void> {
    await this.#work;
    this.#isBroken = true;
    await this.#producer.disconnect().catch(() => {});
  }

  async #commit(place: CommittedPlace, batches: readonly PartitionBatch[]): Promise<void> {
    if (this.#isBroken) {
      throw new LetheError('fenced', `${nameOf(this.#input)}: this hand-over has ended.`);
    }
    let transaction: Transaction | undefined;
    try {
      transaction = await this.#producer.transaction();
      for (const batch of batches) await sendBatch(transaction, batch);
      await this.#sendOffset(transaction, place);
      await transaction.commit();
    } catch (thrown) {
      this.#isBroken = true;
      const { kind, error } = classifyKafkaError(thrown, `Committing ${nameOf(this.#input)}`);
      // Otherwise its records hold up readers until the transaction times out.
      if (kind !== 'fenced' && transaction?.isActive()) await transaction.abort().catch(() => {});
      throw error;
    }
  }

  async #sendOffset(transaction: Transaction, { offset, mark }: CommittedPlace): Promise<void> {
    const { group, topic, partition } = this.#input;
    // kafkajs sends metadata along (TxnOffsetCommit v0) and does not declare it.
    const own = { partition, offset: String(offset), metadata: mark };
    const offsets = { consumerGroupId: group, topics: [{ topic, partitions: [own] }] };
    const deadline = performance.now() + patienceMs;
    for (let waitMs = 3; ; waitMs = Math.min(50, waitMs * 2)) {
      try {
        await transaction.sendOffsets(offsets);
        return;
      } catch (thrown) {
        const isPassing = passing.has((thrown as { type?: string }).type);
        if (!isPassing || performance.now() > deadline) throw thrown;
      }
      await sleep(waitMs);
    }
  }
}

/** The same for every owner of the partition, whoever it is: that is what fences. */
export function transactionalIdOf(prefix: string, input: InputPartition): string {
  return `${prefix}${input.group}/${input.topic}/${input.partition}`;
}

function nameOf({ group, topic, partition }: InputPartition): string {
  return `${topic}/${partition} for group ${group}`;
}
