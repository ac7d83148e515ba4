import { type Digest, LetheError, sha256 } from '@lethe/contracts';
import type { ObjectStore } from './object-store.ts';

/** How an attempt to write an immutable record ended; `digest` is of what is there now. */
export type PutOutcome =
  /** These very bytes are stored, by this call or an earlier one. */
  | { readonly kind: 'committed'; readonly digest: Digest }
  /** Somebody else's bytes are there. Nothing was written. */
  | { readonly kind: 'taken'; readonly digest: Digest };

/**
 * Writes a record unless its key is taken. Where the store does not know whether it wrote, the
 * record is read back and compared.
 *
 * @throws LetheError `unavailable` when the outcome stays unknown: call again with the same bytes
 */
export async function putOnce(
  store: ObjectStore,
  key: string,
  bytes: Uint8Array,
): Promise<PutOutcome> {
  const digest = sha256(bytes);
  const unknown = await tryToCreate(store, key, bytes);
  if (unknown === 'stored') return { kind: 'committed', digest };
  const present = await store.get(key);
  if (present === undefined) {
    throw (
      unknown ?? new LetheError('unavailable', `${key} was refused and is not there. Try again`)
    );
  }
  const found = sha256(present.bytes);
  return { kind: found === digest ? 'committed' : 'taken', digest: found };
}

/** `undefined` when the key is taken; an error when nobody knows. */
async function tryToCreate(
  store: ObjectStore,
  key: string,
  bytes: Uint8Array,
): Promise<'stored' | LetheError | undefined> {
  try {
    const outcome = await store.put(key, bytes, { kind: 'if-absent' });
    return outcome.kind === 'stored' ? 'stored' : undefined;
  } catch (thrown) {
    const error = LetheError.from(thrown);
    if (error.code !== 'unavailable') throw error;
    return error;
  }
}
