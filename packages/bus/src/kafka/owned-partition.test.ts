import { LetheError } from '@lethe/contracts';
import { describe, expect, it } from 'vitest';
import type { CommittedPlace } from '../message-bus.ts';
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
  const start = { offset: 0n, mark: '' };
  return new KafkaOwnedPartition(
    input,
    { start, producer },
    {
      ...{ pause: nothing, resume: nothing, onCommitted: nothing },
      prepare: async () => [],
      renew: async () => undefined,
    },
  );
}

/**
 * A partition whose transactions end as `answers` say, and the log of what reached the broker;
 * behind every new fence it tells the next of `places`.
 */
function partitionAnswered(
  answers: ('ok' | LetheError)[],
  places: (CommittedPlace | undefined)[] = [],
) {
  const calls: string[] = [];
  const open = (name: string) => {
    let isBroken = false;
    return {
      get isBroken() {
        return isBroken;
      },
      async commit({ offset, mark }: CommittedPlace) {
        calls.push(`${name} commits ${offset}${mark}`);
        if (isBroken) throw new LetheError('fenced', 'it has ended');
        const answer = answers.shift() ?? 'ok';
        if (answer === 'ok') return;
        isBroken = true;
        throw answer;
      },
      close: async () => void calls.push(`${name} ends`),
    } as unknown as FencedProducer;
  };
  const nothing = () => {};
  const start = { offset: 0n, mark: '' };
  const partition = new KafkaOwnedPartition(
    input,
    { start, producer: open('first') },
    {
      ...{ pause: nothing, resume: nothing, onCommitted: nothing },
      prepare: async () => [],
      renew: async () => {
        const place = places.shift();
        return place === undefined ? undefined : { start: place, producer: open('next') };
      },
    },
  );
  return { partition, calls };
}

const unknown = new LetheError('unavailable', 'nobody knows');

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

  it('commits over no record that it has not given out, though it is lost at that moment', async () => {
    const { partition, calls } = partitionAnswered(['ok', 'ok']);
    partition.accept([record(0n), record(1n), record(2n)], 3n);
    await partition.read(1, 0);
    const first = partition.commit(1n, []);
    await partition.read(1, 0);
    const second = partition.commit(2n, []);
    partition.lose();
    await Promise.all([first, second]);
    expect(calls).toEqual(['first commits 1', 'first commits 2']);
  });

  it('makes a transaction again, with another producer, where it was not made', async () => {
    const { partition, calls } = partitionAnswered(
      [unknown, unknown],
      [
        { offset: 0n, mark: '' },
        { offset: 0n, mark: '' },
      ],
    );
    await Promise.all([partition.commit(1n, [], 'a'), partition.commit(2n, [], 'b')]);
    expect(calls).toEqual([
      ...['first commits 1a', 'first ends', 'next commits 1a', 'next ends', 'next commits 1a'],
      'next commits 2b',
    ]);
    expect(partition.lost.aborted).toBe(false);
  });

  it('makes no transaction again that was made, whatever its end said', async () => {
    const { partition, calls } = partitionAnswered([unknown], [{ offset: 1n, mark: 'a' }]);
    await partition.commit(1n, [], 'a');
    await partition.commit(1n, [], 'b');
    expect(calls).toEqual(['first commits 1a', 'first ends', 'next commits 1b']);
  });

  it.each([
    ['is somewhere else: another owner was here', { offset: 1n, mark: 'x' }, 1n],
    ['is not to be had: the partition is with somebody else', undefined, 1n],
    ['cannot tell: it is the same before and after', { offset: 0n, mark: '' }, 0n],
  ])('ends where the committed place %s', async (_, place, nextOffset) => {
    const { partition } = partitionAnswered([unknown], [place]);
    await expect(partition.commit(nextOffset, [])).rejects.toBe(unknown);
    expect(partition.lost.aborted).toBe(true);
  });

  it.each(['fenced', 'capacity', 'invalid'] as const)(
    'ends when a transaction is refused as %s: again would be no better',
    async (code) => {
      const refused = new LetheError(code, 'no');
      const { partition, calls } = partitionAnswered([refused], [{ offset: 0n, mark: '' }]);
      const [first, second] = [partition.commit(1n, []), partition.commit(2n, [])];
      await expect(first).rejects.toBe(refused);
      await expect(second).rejects.toMatchObject({ code: 'fenced' });
      expect(calls).not.toContain('first ends');
    },
  );
});
