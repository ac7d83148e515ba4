import type { ObjectStore } from '../object-store.ts';

/** An empty store, as two clients that know nothing of each other. */
export interface StoreFixture extends AsyncDisposable {
  readonly store: ObjectStore;
  readonly other: ObjectStore;
  /** An empty local folder. */
  readonly folder: string;
}

export interface StoreContract {
  readonly setUp: () => Promise<StoreFixture>;
  /** Titles of tests the adapter cannot pass, each with the reason. */
  readonly exceptions?: Readonly<Record<string, string>>;
}

/** Declares one test of the contract. */
export type Check = (title: string, test: (fixture: StoreFixture) => Promise<void>) => void;

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export async function textAt(store: ObjectStore, key: string): Promise<string | undefined> {
  const stored = await store.get(key);
  return stored === undefined ? undefined : new TextDecoder().decode(stored.bytes);
}

export async function keysOf(
  store: ObjectStore,
  prefix: string,
  options: { after?: string } = {},
): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix, options)) keys.push(key);
  return keys;
}

/** Writes without condition; the new tag. */
export async function write(store: ObjectStore, key: string, text: string): Promise<string> {
  const outcome = await store.put(key, bytesOf(text));
  if (outcome.kind === 'refused') throw new Error('a write without condition was refused');
  return outcome.etag;
}
