import { expect } from 'vitest';
import type { ObjectStore, WriteCondition, WriteOutcome } from '../object-store.ts';
import { bytesOf, type Check, textAt, write } from './fixture.ts';

const ifAbsent: WriteCondition = { kind: 'if-absent' };

/** Everybody writes their text at once; the texts of those who were told they did. */
async function race(
  clients: readonly ObjectStore[],
  key: string,
  condition: WriteCondition,
  textOf: (racer: number) => string,
): Promise<string[]> {
  const outcomes = await Promise.all(
    Array.from({ length: 32 }, async (_, racer): Promise<WriteOutcome> => {
      const client = clients[racer % clients.length] as ObjectStore;
      return await client.put(key, bytesOf(textOf(racer)), condition);
    }),
  );
  return outcomes.flatMap(({ kind }, racer) => (kind === 'stored' ? [textOf(racer)] : []));
}

export function conditionCases(check: Check): void {
  check('creates a key once', async ({ store, other }) => {
    expect(await store.put('a', bytesOf('mine'), ifAbsent)).toMatchObject({ kind: 'stored' });
    expect(await other.put('a', bytesOf('yours'), ifAbsent)).toEqual({ kind: 'refused' });
    expect(await other.put('a', bytesOf('mine'), ifAbsent)).toEqual({ kind: 'refused' });
    expect(await textAt(store, 'a')).toBe('mine');
  });

  check('creates a deleted key again', async ({ store }) => {
    const first = await write(store, 'a', 'first');
    await store.deleteAllVersions('a');
    expect(await store.put('a', bytesOf('second'), ifAbsent)).toMatchObject({ kind: 'stored' });
    const stale: WriteCondition = { kind: 'if-match', etag: first };
    expect(await store.put('a', bytesOf('third'), stale)).toEqual({ kind: 'refused' });
  });

  check('replaces the version that was read, and only that', async ({ store, other }) => {
    const first = await write(store, 'a', 'first');
    const outcome = await other.put('a', bytesOf('second'), { kind: 'if-match', etag: first });
    expect(outcome).toMatchObject({ kind: 'stored' });
    const stale: WriteCondition = { kind: 'if-match', etag: first };
    expect(await store.put('a', bytesOf('third'), stale)).toEqual({ kind: 'refused' });
    expect(await textAt(store, 'a')).toBe('second');
    expect((await store.get('a'))?.etag).toBe(outcome.kind === 'stored' && outcome.etag);
  });

  check('refuses to match a key that is missing', async ({ store }) => {
    const etag = await write(store, 'elsewhere', 'x');
    const outcome = await store.put('a', bytesOf('x'), { kind: 'if-match', etag });
    expect(outcome).toEqual({ kind: 'refused' });
    expect(await store.get('a')).toBeUndefined();
  });

  check('gives a new tag to every write, of the same bytes too', async ({ store }) => {
    const tags = new Set<string>();
    for (let round = 0; round < 50; round++) tags.add(await write(store, 'a', 'same'));
    expect(tags.size).toBe(50);
  });

  check('lists the tags that it reads', async ({ store }) => {
    await write(store, 'a', 'first');
    const etag = await write(store, 'a', 'second');
    for await (const info of store.list('')) {
      expect(info).toMatchObject({ key: 'a', etag, sizeBytes: 6 });
    }
    expect((await store.get('a'))?.etag).toBe(etag);
  });

  check('lets one of 32 create a key', async ({ store, other }) => {
    for (let round = 0; round < 5; round++) {
      const winners = await race([store, other], `k${round}`, ifAbsent, String);
      expect(winners).toHaveLength(1);
      expect(await textAt(other, `k${round}`)).toBe(winners[0]);
    }
  });

  check('lets one of 32 replace a version', async ({ store, other }) => {
    let etag = await write(store, 'k', 'start');
    for (let round = 0; round < 5; round++) {
      const textOf = (racer: number) => `${racer} in round ${round}`;
      const winners = await race([store, other], 'k', { kind: 'if-match', etag }, textOf);
      expect(winners).toHaveLength(1);
      expect(await textAt(other, 'k')).toBe(winners[0]);
      etag = (await store.get('k'))?.etag ?? '';
    }
  });

  check('lets one of 32 replace a version by the same bytes', async ({ store, other }) => {
    let etag = await write(store, 'k', 'same');
    for (let round = 0; round < 5; round++) {
      const condition: WriteCondition = { kind: 'if-match', etag };
      expect(await race([store, other], 'k', condition, () => 'same')).toHaveLength(1);
      etag = (await store.get('k'))?.etag ?? '';
    }
  });

  check('counts right when two clients increment one number', async ({ store, other }) => {
    await write(store, 'n', '0');
    const increment = async (client: ObjectStore) => {
      for (let done = 0; done < 20; ) {
        const { bytes, etag = '' } = (await client.get('n')) ?? {};
        const next = String(Number(new TextDecoder().decode(bytes)) + 1);
        const outcome = await client.put('n', bytesOf(next), { kind: 'if-match', etag });
        if (outcome.kind === 'stored') done++;
      }
    };
    await Promise.all([increment(store), increment(other)]);
    expect(await textAt(store, 'n')).toBe('40');
  });
}
