import { describe, expect, it } from 'vitest';
import type { KafkaClients } from './clients.ts';
import { FencedProducer } from './fenced-producer.ts';
import type { Producer, Transaction } from './kafkajs.ts';

const input = { group: 'g', topic: 't', partition: 0 };
const place = { offset: 1n, mark: 'm' };

/** What kafkajs passes on when the coordinator is not ready for the next transaction. */
function refusal(type: string): Error {
  return Object.assign(new Error(type), { name: 'KafkaJSProtocolError', type });
}

/** kafkajs's producer, answered by `answers` when it sends offsets: a broker may be slow at will. */
function clientsAnswering(
  answers: (Error | undefined)[],
  isKnown: (partition: number) => boolean = () => true,
) {
  const calls: string[] = [];
  const transaction = {
    async send({ topic, messages }: { topic: string; messages: { partition: number }[] }) {
      const partitions = new Set(messages.map(({ partition }) => partition));
      calls.push(`send ${topic}/${[...partitions]}`);
      return [...partitions]
        .filter(isKnown)
        .map((partition) => ({ topicName: topic, partition, errorCode: 0 }));
    },
    async sendOffsets() {
      calls.push('offsets');
      const answer = answers.shift();
      if (answer !== undefined) throw answer;
    },
    commit: async () => void calls.push('commit'),
    abort: async () => void calls.push('abort'),
    isActive: () => true,
  } as unknown as Transaction;
  const producer = {
    connect: async () => {},
    disconnect: async () => {},
    transaction: async () => transaction,
  } as unknown as Producer;
  const clients = { transactionalProducer: () => producer } as unknown as KafkaClients;
  return { clients, calls };
}

describe('FencedProducer', () => {
  it.each([
    // The first request of a transaction; kafkajs itself tries sends again, but not this one.
    'CONCURRENT_TRANSACTIONS',
    'NOT_COORDINATOR_FOR_GROUP',
    'GROUP_COORDINATOR_NOT_AVAILABLE',
    'GROUP_LOAD_IN_PROGRESS',
  ])('sends offsets again after %s', async (type) => {
    const { clients, calls } = clientsAnswering([refusal(type), refusal(type), undefined]);
    const owner = await FencedProducer.open(clients, input, '');
    await owner.commit(place);
    expect(calls).toEqual(['abort', 'offsets', 'offsets', 'offsets', 'commit']);
  });

  it('sends to one partition at a time, and offsets last', async () => {
    const { clients, calls } = clientsAnswering([]);
    const owner = await FencedProducer.open(clients, input, '');
    const batches = [0, 1, 2].map((partition) => {
      const message = { partition, key: Buffer.from('k'), value: Buffer.from('v'), headers: {} };
      return { topic: 't', partition, messages: [message] };
    });
    await owner.commit(place, async () => batches);
    expect(calls).toEqual(['abort', 'send t/0', 'send t/1', 'send t/2', 'offsets', 'commit']);
  });

  it('commits nothing where kafkajs left out what is for a partition that it does not know', async () => {
    const { clients, calls } = clientsAnswering([], (partition) => partition < 8);
    const owner = await FencedProducer.open(clients, input, '');
    const message = { partition: 9, key: Buffer.from('k'), value: Buffer.from('v'), headers: {} };
    const batch = { topic: 't', partition: 9, messages: [message] };
    await expect(owner.commit(place, async () => [batch])).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(calls).toEqual(['abort', 'send t/9', 'abort']);
    expect(owner.isBroken).toBe(true);
  });

  it('makes no transaction after one that failed, not even when kafkajs would', async () => {
    const { clients, calls } = clientsAnswering([refusal('UNKNOWN_SERVER_ERROR')]);
    const owner = await FencedProducer.open(clients, input, '');
    await expect(owner.commit(place)).rejects.toMatchObject({ code: 'unavailable' });
    await expect(owner.commit(place)).rejects.toMatchObject({ code: 'fenced' });
    expect(calls).toEqual(['abort', 'offsets', 'abort']);
  });

  it('leaves the transaction of a successor alone when it is fenced', async () => {
    const { clients, calls } = clientsAnswering([refusal('INVALID_PRODUCER_EPOCH')]);
    const owner = await FencedProducer.open(clients, input, '');
    await expect(owner.commit(place)).rejects.toMatchObject({ code: 'fenced' });
    expect(calls).toEqual(['abort', 'offsets']);
  });
});
