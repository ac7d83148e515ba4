import { describe, expect, it } from 'vitest';
import type { PartitionBatch } from './batches.ts';
import type { KafkaClients } from './clients.ts';
import type { Producer } from './kafkajs.ts';
import { Publisher } from './publisher.ts';

interface Request {
  readonly producer: number;
  readonly texts: readonly string[];
  /** As the broker does; or as kafkajs, which passes over partitions that it does not know. */
  readonly resolve: (known?: boolean) => void;
  readonly reject: (error: Error) => void;
}

/** kafkajs's producers, whose requests the test answers. */
function clientsWithRequests() {
  const requests: Request[] = [];
  let producers = 0;
  const clients = {
    idempotentProducer() {
      const producer = ++producers;
      return {
        connect: async () => {},
        disconnect: async () => {},
        send: ({ topic, messages }: { topic: string; messages: PartitionBatch['messages'] }) =>
          new Promise<unknown>((resolve, reject) => {
            requests.push({
              producer,
              texts: messages.map(({ value }) => value.toString()),
              resolve: (known = true) => {
                const partition = messages[0]?.partition;
                resolve(known ? [{ topicName: topic, partition, errorCode: 0 }] : []);
              },
              reject,
            });
          }),
      } as unknown as Producer;
    },
  } as unknown as KafkaClients;
  return { clients, requests };
}

function batch(partition: number, text: string): PartitionBatch {
  const message = { partition, key: Buffer.from('k'), value: Buffer.from(text), headers: {} };
  return { topic: 't', partition, messages: [message] };
}

describe('Publisher', () => {
  it('has one request of a partition under way: what is asked for meanwhile goes in the next', async () => {
    const { clients, requests } = clientsWithRequests();
    const publisher = new Publisher(clients);
    const first = publisher.publish([batch(0, 'a')]);
    await expect.poll(() => requests.length).toBe(1);
    const later = ['b', 'c'].map((text) => publisher.publish([batch(0, text)]));
    const elsewhere = publisher.publish([batch(1, 'other')]);
    await expect.poll(() => requests.length).toBe(2);
    expect(requests.map(({ texts }) => texts)).toEqual([['a'], ['other']]);
    requests[0]!.resolve();
    await first;
    await expect.poll(() => requests.length).toBe(3);
    expect(requests[2]!.texts).toEqual(['b', 'c']);
    for (const { resolve } of requests) resolve();
    await Promise.all([...later, elsewhere]);
  });

  it.each<[string, number, (request: Request) => void]>([
    [
      'throws the producer away after an error, with its sequence numbers',
      0,
      ({ reject }) => reject(Object.assign(new Error('gone'), { name: 'KafkaJSConnectionError' })),
    ],
    [
      'takes nothing for written that kafkajs passed over, and asks another producer',
      9,
      ({ resolve }) => resolve(false),
    ],
  ])('%s', async (_name, partition, fail) => {
    const { clients, requests } = clientsWithRequests();
    const publisher = new Publisher(clients);
    const first = publisher.publish([batch(partition, 'a')]);
    await expect.poll(() => requests.length).toBe(1);
    fail(requests[0]!);
    await expect(first).rejects.toMatchObject({ code: 'unavailable' });
    const second = publisher.publish([batch(partition, 'b')]);
    await expect.poll(() => requests.length).toBe(2);
    requests[1]!.resolve();
    await second;
    expect(requests.map(({ producer }) => producer)).toEqual([1, 2]);
  });

  it('waits for all that was asked for before it disconnects', async () => {
    const { clients, requests } = clientsWithRequests();
    const publisher = new Publisher(clients);
    const first = publisher.publish([batch(0, 'a')]);
    await expect.poll(() => requests.length).toBe(1);
    const second = publisher.publish([batch(0, 'b')]);
    const events: string[] = [];
    const closing = publisher.close().then(() => events.push('closed'));
    requests[0]!.resolve();
    await first;
    await expect.poll(() => requests.length).toBe(2);
    void second.then(() => events.push('published'));
    requests[1]!.resolve();
    await closing;
    expect(events).toEqual(['published', 'closed']);
  });
});
