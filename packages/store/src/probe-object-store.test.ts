import { join } from 'node:path';
import { LetheError } from '@lethe/contracts';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../test/temporary-folder.ts';
import { FolderStore } from './folder-store.ts';
import type { ObjectStore, WriteCondition } from './object-store.ts';
import { probeObjectStore, requireConformance } from './probe-object-store.ts';

/** A store with one fault; what the probe finds. */
async function findings(fault: (store: ObjectStore) => Partial<ObjectStore>): Promise<string[]> {
  await using root = await temporaryFolder();
  await using store = await FolderStore.open(join(root.path, 'store'));
  const faulty = faultyStore(store, fault(store));
  const failed = (await probeObjectStore(faulty)).filter((finding) => !finding.held);
  if (failed.length > 0) {
    await expect(requireConformance(faulty)).rejects.toMatchObject({
      code: 'precondition',
      message: expect.stringContaining(failed[0]?.check ?? ''),
    });
  }
  return failed.map(({ check, detail }) => `${check}: ${detail}`);
}

function faultyStore(store: ObjectStore, fault: Partial<ObjectStore>): ObjectStore {
  return {
    get: (key) => store.get(key),
    download: (key, file) => store.download(key, file),
    put: (key, body, condition) => store.put(key, body, condition),
    list: (prefix, options) => store.list(prefix, options),
    deleteAllVersions: (key) => store.deleteAllVersions(key),
    [Symbol.asyncDispose]: async () => {},
    ...fault,
  };
}

/** Ignores the conditions of one kind: some servers that speak S3 do. */
function ignoring(kind: WriteCondition['kind']) {
  return (store: ObjectStore): Partial<ObjectStore> => ({
    put: (key, body, condition) =>
      store.put(key, body, condition?.kind === kind ? undefined : condition),
  });
}

test('a store without fault passes', async () => {
  await using root = await temporaryFolder();
  await using store = await FolderStore.open(join(root.path, 'store'));
  await requireConformance(store);
});

test('a store that overwrites on if-absent is found out', async () => {
  expect(await findings(ignoring('if-absent'))).toEqual([
    'of 32 writers of an absent key, one wins: 32 won',
  ]);
});

test('a store that ignores if-match is found out', async () => {
  expect(await findings(ignoring('if-match'))).toEqual([
    'of 32 writers that match the same version, one wins: 32 won',
    'a write that matches a stale version is refused: it was stored',
    'a write that matches a missing key is refused: it was stored',
  ]);
});

test('a store that creates what if-match does not find is found out', async () => {
  const found = await findings((store) => ({
    put: async (key, body, condition) =>
      condition?.kind === 'if-match' && (await store.get(key)) === undefined
        ? await store.put(key, body)
        : await store.put(key, body, condition),
  }));
  expect(found).toEqual(['a write that matches a missing key is refused: it was stored']);
});

test('a store that checks first and writes later is found out', async () => {
  const found = await findings((store) => ({
    put: async (key, body, condition) => {
      const present = await store.get(key);
      if (condition?.kind === 'if-absent' && present !== undefined) return { kind: 'refused' };
      return condition?.kind === 'if-absent'
        ? await store.put(key, body)
        : await store.put(key, body, condition);
    },
  }));
  expect(found).toEqual([expect.stringContaining('of 32 writers of an absent key, one wins')]);
});

test('a store that says no and writes is found out', async () => {
  const found = await findings((store) => ({
    put: async (key, body, condition) => {
      const outcome = await store.put(key, body, condition);
      if (outcome.kind === 'refused') await store.put(key, body);
      return outcome;
    },
  }));
  expect(found.join()).toContain('it was refused, and written');
});

test('a store whose listing lags is found out', async () => {
  const found = await findings(() => ({ list: async function* () {} }));
  expect(found).toEqual(['a listing shows what was just put: it does not']);
});

test('a store that does not delete is found out', async () => {
  const found = await findings(() => ({ deleteAllVersions: async () => 1 }));
  expect(found).toEqual([
    'a deletion takes the object away: it can still be read',
    'a deletion leaves no version behind: 1 were left',
  ]);
});

test('a store that keeps older versions is found out', async () => {
  const found = await findings((store) => ({
    deleteAllVersions: async (key) => {
      await store.deleteAllVersions(key);
      return 1;
    },
  }));
  expect(found).toEqual(['a deletion leaves no version behind: 1 were left']);
});

test('a store that is down is said to be down, not to be one that cannot be relied on', async () => {
  await using root = await temporaryFolder();
  await using store = await FolderStore.open(join(root.path, 'store'));
  const down = new LetheError('unavailable', 'nothing listens there');
  const faulty = faultyStore(store, { put: () => Promise.reject(down) });
  await expect(requireConformance(faulty)).rejects.toBe(down);
  expect(await probeObjectStore(faulty)).toEqual([
    {
      check: 'what is put can be read',
      held: false,
      detail: 'nothing listens there',
      isUnanswered: true,
    },
  ]);
});

test('a store that once gives no answer, for all its load, is tried again', async () => {
  await using root = await temporaryFolder();
  await using store = await FolderStore.open(join(root.path, 'store'));
  let unanswered = 1;
  const faulty = faultyStore(store, {
    put: (key, body, condition) => {
      if (condition === undefined || unanswered-- <= 0) return store.put(key, body, condition);
      return Promise.reject(new LetheError('unavailable', 'it said nothing for 15000 ms'));
    },
  });
  await requireConformance(faulty);
});

test('a store that goes down in the middle is said to be down', async () => {
  await using root = await temporaryFolder();
  await using store = await FolderStore.open(join(root.path, 'store'));
  let left = 10;
  const faulty = faultyStore(store, {
    put: (...args) => {
      if (left-- > 0) return store.put(...args);
      return Promise.reject(new LetheError('unavailable', 'nothing listens there'));
    },
  });
  await expect(requireConformance(faulty)).rejects.toMatchObject({ code: 'unavailable' });
});

test('a store that fails is found out with its own words', async () => {
  const found = await findings((store) => ({
    put: (key, body, condition) => {
      if (condition === undefined) return store.put(key, body);
      throw new LetheError('unavailable', 'conditions are not implemented');
    },
  }));
  expect(found).toHaveLength(4);
  expect(found[0]).toContain('conditions are not implemented');
});
