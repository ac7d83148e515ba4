import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { KeyRing } from './key-ring.ts';
import { encodeKeySet } from './key-set.ts';
import { type KeySetStore, publishKeySet, readKeySets } from './published-key-sets.ts';

const folder = mkdtempSync(join(tmpdir(), 'lethe-key-sets-'));
afterAll(() => rmSync(folder, { recursive: true }));
const now = new Date('2026-01-01T00:00:00Z');

/** An object store in memory that counts its writes. */
function memory() {
  const objects = new Map<string, Uint8Array>();
  let writes = 0;
  const store: KeySetStore = {
    get: async (key) => {
      const bytes = objects.get(key);
      return bytes && { bytes };
    },
    put: async (key, bytes) => {
      writes += 1;
      objects.set(key, bytes);
    },
    async *list(prefix) {
      for (const key of objects.keys()) if (key.startsWith(prefix)) yield { key };
    },
  };
  return { store, objects, writes: () => writes };
}

describe('published key sets', () => {
  it('are read together, and follow rotations and revocations of each', async () => {
    const { store, objects, writes } = memory();
    const intake = KeyRing.open(join(folder, 'intake'), now);
    const registry = KeyRing.open(join(folder, 'registry'), now);
    await publishKeySet(store, intake);
    await publishKeySet(store, intake);
    expect(writes()).toBe(1);
    const first = intake.signer(now).keyId;
    expect([...(await readKeySets(store, registry.keys())).keys()].sort()).toEqual(
      [first, registry.signer(now).keyId].sort(),
    );
    const second = intake.rotate(new Date('2026-02-01T00:00:00Z'));
    intake.revoke(first, 'compromised', new Date('2026-02-02T00:00:00Z'));
    await publishKeySet(store, intake);
    const keys = await readKeySets(store, registry.keys());
    expect([keys.size, objects.size]).toEqual([3, 1]);
    expect(keys.get(first)?.revocationReason).toBe('compromised');
    expect(keys.get(second)?.revokedTime).toBeUndefined();
    for (const bytes of objects.values()) expect(Buffer.from(bytes).toString()).not.toMatch(/PRIV/);
  });

  it('believe the worst that anybody says of a key, whoever is read first', async () => {
    const ring = KeyRing.open(join(folder, 'shared'), now);
    const [key] = [...ring.keys().values()];
    const retired = (revokedTime: string) =>
      ({ ...key!, revokedTime, revocationReason: 'retired' }) as const;
    const early = retired('2026-02-01T00:00:00.000Z');
    const late = retired('2026-03-01T00:00:00.000Z');
    const worst = { ...late, revocationReason: 'compromised' } as const;
    for (const [own, published, expected] of [
      [key!, late, late],
      [late, key!, late],
      [late, early, early],
      [early, late, early],
      [early, worst, worst],
      [worst, early, worst],
    ] as const) {
      const { store } = memory();
      await store.put('keysets/x.json', Buffer.from(encodeKeySet([published])));
      const found = await readKeySets(store, new Map([[key!.keyId, own]]));
      const { revokedTime, revocationReason } = found.get(key!.keyId)!;
      expect({ revokedTime, revocationReason }).toEqual({
        ...{ revokedTime: expected.revokedTime, revocationReason: expected.revocationReason },
      });
    }
  });

  it('leave out what is no key set', async () => {
    const { store } = memory();
    await store.put('keysets/x.json', Buffer.from('{"keys":[{"key_id":"x"}]}'));
    const own = KeyRing.open(join(folder, 'own'), now).keys();
    expect(await readKeySets(store, own)).toEqual(new Map(own));
  });
});
