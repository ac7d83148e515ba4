import { type Digest, decodeRecord, PurgeRecord, sha256 } from '@lethe/contracts';
import { logKey } from '@lethe/lineage';
import { BlobStore } from '@lethe/store';
import { describe, expect, it } from 'vitest';
import { commitCandidate, openRegistryHome } from '../testing/registry-home.ts';
import { registryParts } from '../testing/registry-parts.ts';
import { collectOrphans } from './collect-orphans.ts';
import { purgeVersions } from './purge-versions.ts';

const dayMs = 24 * 60 * 60 * 1000;
const weights = (sequence: number) => sha256(`weights ${sequence}`);

describe('purgeVersions', () => {
  it('deletes superseded and refused weights when their time is over, with evidence', async () => {
    await using home = await openRegistryHome();
    const parts = registryParts(home);
    for (let sequence = 1; sequence <= 3; sequence++) {
      await parts.settle({ sequence, parent: sequence - 1 });
    }
    await parts.settle({ sequence: 4, parent: 3, outcome: 2 });
    const now = () => parts.clock.now();
    const deps = { lineage: home.lineage, recorder: parts.recorder, now };
    expect(await purgeVersions({ ...deps, keepMs: 7 * dayMs }, 'm1')).toEqual([]);
    parts.clock.advance(8 * dayMs);
    await commitCandidate(home, { sequence: 5, parent: 3 });
    expect(await purgeVersions({ ...deps, keepMs: 7 * dayMs }, 'm1')).toEqual([1, 2, 4]);
    const there = async (digest: Digest) => home.lineage.blobs.has(digest);
    expect(await Promise.all([1, 2, 3, 4, 5].map((each) => there(weights(each))))).toEqual([
      false,
      false,
      true,
      false,
      true,
    ]);
    expect(await there(sha256('original'))).toBe(true);
    expect((await parts.audit()).filter((kind) => kind === 'purge')).toHaveLength(3);
    const key = logKey('m1', 'purges', 2);
    const record = (await home.lineage.store.get(key))!.bytes;
    expect(decodeRecord(PurgeRecord, record, key)).toMatchObject({
      ...{ modelKey: 'm1', sequence: 2, deletedDigests: [weights(2)], objectVersionsDeleted: 1 },
    });
    const evidence = [];
    for await (const entry of parts.auditLog.entries()) {
      if (entry.kind === 'purge') evidence.push(entry.details);
    }
    expect(evidence[1]).toEqual({
      ...{ sequence: 2, weights_digest: weights(2), state_digest: weights(2) },
      ...{ blobs_deleted: 1, object_versions_deleted: 1, record_digest: sha256(record) },
    });
    expect(await purgeVersions({ ...deps, keepMs: 7 * dayMs }, 'm1')).toEqual([]);
  });

  it('waits with bytes that a version which stays has too', async () => {
    await using home = await openRegistryHome();
    const parts = registryParts(home);
    for (const sequence of [1, 2]) await parts.settle({ sequence, parent: sequence - 1 });
    const { lineage } = home;
    const read = lineage.manifest.bind(lineage);
    // Version 3, which is being judged, has the state of version 1.
    await commitCandidate(home, { sequence: 3, parent: 2 });
    lineage.manifest = async (key, sequence) => {
      const found = await read(key, sequence);
      const entry = found?.record.entry;
      if (sequence === 3 && entry?.$case === 'round') entry.value.stateDigest = weights(1);
      return found;
    };
    const now = () => new Date(parts.clock.now().getTime() + dayMs);
    const deps = { lineage, recorder: parts.recorder, now };
    expect(await purgeVersions({ ...deps, keepMs: 0 }, 'm1')).toEqual([]);
    expect(await lineage.blobs.has(weights(1))).toBe(true);
  });

  it('says nothing is purged while the bytes can still be read', async () => {
    await using home = await openRegistryHome();
    const parts = registryParts(home);
    for (const sequence of [1, 2]) await parts.settle({ sequence, parent: sequence - 1 });
    home.lineage.store.deleteAllVersions = async () => 1;
    const deps = { lineage: home.lineage, recorder: parts.recorder, now: () => parts.clock.now() };
    await expect(purgeVersions({ ...deps, keepMs: 0 }, 'm1')).rejects.toThrow(/is still there/);
    expect(await parts.audit()).not.toContain('purge');
  });

  it('writes the record that a registry owed which died after the deletion', async () => {
    await using home = await openRegistryHome();
    const parts = registryParts(home);
    await parts.settle({ sequence: 1 });
    await parts.settle({ sequence: 2, parent: 1 });
    await home.lineage.blobs.delete(weights(1));
    const deps = { lineage: home.lineage, recorder: parts.recorder, now: () => parts.clock.now() };
    expect(await purgeVersions({ ...deps, keepMs: 0 }, 'm1')).toEqual([1]);
    expect((await parts.audit()).at(-1)).toBe('purge');
  });
});

it('does not read again what holds nothing to purge any more', async () => {
  await using home = await openRegistryHome();
  const parts = registryParts(home);
  for (let sequence = 1; sequence <= 3; sequence++) {
    await parts.settle({ sequence, parent: sequence - 1 });
  }
  const settled = new Map<string, number>();
  const { lineage } = home;
  const deps = { lineage, recorder: parts.recorder, now: () => parts.clock.now(), settled };
  expect(await purgeVersions({ ...deps, keepMs: 0 }, 'm1')).toEqual([1, 2]);
  expect(await purgeVersions({ ...deps, keepMs: 0 }, 'm1')).toEqual([]);
  expect(settled.get('m1')).toBe(2);
  const read: number[] = [];
  const manifest = lineage.manifest.bind(lineage);
  lineage.manifest = (key, sequence) => {
    read.push(sequence);
    return manifest(key, sequence);
  };
  expect(await purgeVersions({ ...deps, keepMs: 0 }, 'm1')).toEqual([]);
  expect(read).toEqual([3]);
});

describe('collectOrphans', () => {
  it('deletes old blobs that no record names, and no others', async () => {
    await using home = await openRegistryHome();
    const parts = registryParts(home);
    await parts.settle({ sequence: 1 });
    const orphan = await home.lineage.blobs.put(Buffer.from('left behind'));
    const deps = { lineage: home.lineage, recorder: parts.recorder, leastAgeMs: dayMs };
    expect(await collectOrphans({ ...deps, now: () => new Date() })).toEqual([]);
    const later = () => new Date(Date.now() + 2 * dayMs);
    expect(await collectOrphans({ ...deps, now: later })).toEqual([orphan]);
    expect(await home.lineage.blobs.has(orphan)).toBe(false);
    expect(await home.lineage.blobs.has(weights(1))).toBe(true);
    expect((await parts.audit()).at(-1)).toBe('blobs_collected');
  });

  it('spares what any record of a model names, of whatever kind', async () => {
    await using home = await openRegistryHome();
    const parts = registryParts(home);
    const named = await home.lineage.blobs.put(Buffer.from('named by one old record'));
    const key = 'models/m1/exclusions/one.json';
    await home.lineage.store.put(key, Buffer.from(JSON.stringify({ of: { blob: named } })));
    const deps = { lineage: home.lineage, recorder: parts.recorder, leastAgeMs: dayMs };
    const later = () => new Date(Date.now() + 2 * dayMs);
    expect(await collectOrphans({ ...deps, now: later })).toEqual([]);
    expect(await home.lineage.blobs.has(named)).toBe(true);
  });

  it('spares what is put again while it looks, by somebody who finds the same bytes there', async () => {
    await using home = await openRegistryHome();
    const parts = registryParts(home);
    const orphan = await home.lineage.blobs.put(Buffer.from('left behind'));
    const { store } = home.lineage;
    const later = () => new Date(Date.now() + 2 * dayMs);
    const others = new BlobStore(store, { now: () => later().getTime() });
    const get = store.get.bind(store);
    store.get = async (key) => {
      if (!key.startsWith('blobs/')) await others.put(Buffer.from('left behind'));
      return get(key);
    };
    const deps = { lineage: home.lineage, recorder: parts.recorder, leastAgeMs: dayMs };
    expect(await collectOrphans({ ...deps, now: later })).toEqual([]);
    expect(await home.lineage.blobs.has(orphan)).toBe(true);
  });

  it('reads little of a long history where nothing was left behind', async () => {
    await using home = await openRegistryHome();
    const parts = registryParts(home);
    for (let sequence = 1; sequence <= 3; sequence++) {
      await parts.settle({ sequence, parent: sequence - 1 });
    }
    const { store } = home.lineage;
    const read: string[] = [];
    const get = store.get.bind(store);
    store.get = (key) => {
      read.push(key);
      return get(key);
    };
    const deps = { lineage: home.lineage, recorder: parts.recorder, leastAgeMs: dayMs };
    const later = () => new Date(Date.now() + 2 * dayMs);
    expect(await collectOrphans({ ...deps, now: later })).toEqual([]);
    expect(read.filter((key) => /decisions|verdicts|moves/.test(key))).toEqual([]);
  });

  it('spares what is written again while it looks', async () => {
    await using home = await openRegistryHome();
    const parts = registryParts(home);
    const orphan = await home.lineage.blobs.put(Buffer.from('left behind'));
    const { store } = home.lineage;
    const get = store.get.bind(store);
    store.get = async (key) => {
      await store.put(`blobs/${orphan}`, Buffer.from('left behind'));
      return get(key);
    };
    const deps = { lineage: home.lineage, recorder: parts.recorder, leastAgeMs: dayMs };
    const later = () => new Date(Date.now() + 2 * dayMs);
    expect(await collectOrphans({ ...deps, now: later })).toEqual([]);
  });
});
