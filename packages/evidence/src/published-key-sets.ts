/**
 * Key sets of processes that sign with keys of their own, published side by side:
 *
 *     keysets/<id of the oldest key>.json
 *
 * Whoever is asked for the keys gives all of them, so that a receipt can be checked whichever intake
 * signed it. Private keys never leave their folders.
 */
import type { KeyRing } from './key-ring.ts';
import { encodeKeySet, type KeySet, type PublishedKey, parseKeySet } from './key-set.ts';

/** What of an object store is needed. */
export interface KeySetStore {
  get(key: string): Promise<{ readonly bytes: Uint8Array } | undefined>;
  put(key: string, bytes: Uint8Array): Promise<unknown>;
  list(prefix: string): AsyncIterable<{ readonly key: string }>;
}

const prefix = 'keysets/';

/** Publishes the public keys of a ring, when they are not. */
export async function publishKeySet(store: KeySetStore, ring: KeyRing): Promise<void> {
  const text = encodeKeySet(ring.keys().values());
  const [oldest] = parseKeySet(text).keys();
  const key = `${prefix}${oldest}.json`;
  const stored = await store.get(key);
  if (stored !== undefined && Buffer.from(stored.bytes).toString('utf8') === text) return;
  await store.put(key, Buffer.from(text));
}

/**
 * All keys that are published, and `own`. What is no key set is left out: it makes nothing valid. Of
 * two statements about one key the one counts that believes less of it.
 */
export async function readKeySets(store: KeySetStore, own: KeySet): Promise<KeySet> {
  const keys = new Map<string, PublishedKey>(own);
  for await (const { key } of store.list(prefix)) {
    const stored = await store.get(key);
    for (const each of stored === undefined ? [] : readable(stored.bytes)) {
      const known = keys.get(each.keyId);
      if (known === undefined || isStricter(each, known)) keys.set(each.keyId, each);
    }
  }
  return keys;
}

/** Name of a published key set that holds this key; `undefined` where none does. */
export async function findKeySet(store: KeySetStore, keyId: string): Promise<string | undefined> {
  for await (const { key } of store.list(prefix)) {
    const stored = await store.get(key);
    if (stored === undefined) continue;
    for (const each of readable(stored.bytes)) if (each.keyId === keyId) return key;
  }
  return undefined;
}

/** Compromised before retired, retired earlier before later, and that before running on. */
function isStricter(one: PublishedKey, other: PublishedKey): boolean {
  const rank = ({ revokedTime, revocationReason }: PublishedKey) =>
    revokedTime === undefined ? 0 : revocationReason === 'retired' ? 1 : 2;
  if (rank(one) !== rank(other)) return rank(one) > rank(other);
  return (one.revokedTime ?? '') < (other.revokedTime ?? '');
}

function readable(bytes: Uint8Array): Iterable<PublishedKey> {
  try {
    return parseKeySet(Buffer.from(bytes).toString('utf8')).values();
  } catch {
    return [];
  }
}
