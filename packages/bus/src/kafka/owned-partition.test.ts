import { describe, expect, it } from 'vitest';
import type { FencedProducer } from './fenced-producer.ts';
import { KafkaOwnedPartition } from './owned-partition.ts';

const input = { group: 'g', topic: 't', partition: 0 };
const record = (offset: bigint) => ({
  ...{ topic: 't', partition: 0, offset, key: 'k', headers: {}, timestampMs: 0 },
  value: new Uint8Array(1),
});

function newPartition(): KafkaOwnedPartition {
  const nothing = () => {};
  const producer = { commit: async () => {}, close: async () => {} } as unknown as FencedProducer;
  return new KafkaOwnedPartition(input, { offset: 0n, mark: '' }, producer, {
    ...{ pause: nothing, resume: nothing, onCommitted: nothing },
    prepare: async () => [],
  });
}

describe('KafkaOwnedPartition', () => {
  it('is busy from the first record that it gave out until all of them are committed', async () => {
    const partition = newPartition();
    partition.accept([record(0n), record(1n)], 2n);
    expect(partition.isBusy).toBe(false);
    await partition.read(2, 0);
    expect(partition.isBusy).toBe(true);
    await partition.commit(1n, []);
    expect(partition.isBusy).toBe(true);
    await partition.commit(2n, []);
    expect(partition.isBusy).toBe(false);
  });

  it('gives nothing out while it is held, and then what waited', async () => {
    const partition = newPartition();
    partition.accept([record(0n)], 1n);
    partition.hold();
    expect(await partition.read(1, 10)).toEqual([]);
    const read = partition.read(1, 60_000);
    partition.release();
    expect(await read).toHaveLength(1);
  });

  it('ends a read that waits when it is lost while it is held', async () => {
    const partition = newPartition();
    partition.accept([record(0n)], 1n);
    partition.hold();
    const read = partition.read(1, 60_000);
    partition.lose();
    expect(await read).toEqual([]);
  });
});
