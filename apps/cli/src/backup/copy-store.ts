/**
 * Copies an object store into a backup while services write to it.
 *
 * Why what is copied belongs together: objects are written once, but for pointers. Blobs are listed
 * after the records that name them, pointers are read after the records they follow from; and should
 * a pointer lead to a record that came later still, everything is listed once more.
 */

import { readFileSync } from 'node:fs';
import { decodeRecord, isDigest, LetheError, ServingPointer } from '@lethe/contracts';
import { manifestKey, verdictKey } from '@lethe/lineage';
import type { ObjectInfo, ObjectStore } from '@lethe/store';
import type { BackupFolder } from './backup-folder.ts';
import type { SnapshotEntry } from './snapshot.ts';

const blobsPrefix = 'blobs/';
/** What probes write and remove. */
const probePrefix = 'probe/';
const rounds = 5;
/** Objects that are copied at the same time. */
const lanes = 8;

export interface CopyOptions {
  readonly store: ObjectStore;
  readonly backup: BackupFolder;
  /** Objects of an earlier snapshot, by key. */
  readonly known: ReadonlyMap<string, SnapshotEntry>;
  readonly onProgress: (done: number, total: number) => void;
}

/** Content-addressed bytes: they may be copied long before the rest. */
export async function copyBlobs(options: CopyOptions): Promise<Map<string, SnapshotEntry>> {
  const copied = new Map<string, SnapshotEntry>();
  await copyAll(await listed(options.store, blobsPrefix), copied, options);
  return copied;
}

/** @throws LetheError `unavailable` when pointers move faster than they can be copied */
export async function copyStore(options: CopyOptions): Promise<readonly SnapshotEntry[]> {
  const copied = new Map<string, SnapshotEntry>(options.known);
  for (let round = 0; round < rounds; round++) {
    const present = await snapshotKeys(options.store);
    for (const key of copied.keys()) if (!present.has(key)) copied.delete(key);
    const objects = [...present.values()];
    await copyAll(
      objects.filter(({ key }) => !isPointer(key)),
      copied,
      options,
    );
    await copyAll(
      objects.filter(({ key }) => isPointer(key)),
      copied,
      options,
    );
    if (pointersAreWhole(copied, options.backup)) {
      return [...copied.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    }
  }
  throw new LetheError('unavailable', 'what serves moves all the time. Try the backup again');
}

/** Records first, then the blobs that they name. */
async function snapshotKeys(store: ObjectStore): Promise<Map<string, ObjectInfo>> {
  const all = await listed(store, '');
  const records = all.filter(({ key }) => !key.startsWith(blobsPrefix));
  const blobs = await listed(store, blobsPrefix);
  return new Map([...records, ...blobs].map((info) => [info.key, info]));
}

async function listed(store: ObjectStore, prefix: string): Promise<ObjectInfo[]> {
  const found: ObjectInfo[] = [];
  for await (const info of store.list(prefix)) {
    if (!info.key.startsWith(probePrefix)) found.push(info);
  }
  return found;
}

async function copyAll(
  objects: readonly ObjectInfo[],
  copied: Map<string, SnapshotEntry>,
  { store, backup, known, onProgress }: CopyOptions,
): Promise<void> {
  let next = 0;
  let done = 0;
  const lane = async () => {
    for (let at = next++; at < objects.length; at = next++) {
      const info = objects[at] as ObjectInfo;
      const before = copied.get(info.key) ?? known.get(info.key);
      const entry = await copyOne(store, backup, info, before);
      // Purged or packed since it was listed: nothing that is kept needs it.
      if (entry === undefined) copied.delete(info.key);
      else copied.set(info.key, entry);
      onProgress(++done, objects.length);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

async function copyOne(
  store: ObjectStore,
  backup: BackupFolder,
  { key, etag, sizeBytes }: ObjectInfo,
  before: SnapshotEntry | undefined,
): Promise<SnapshotEntry | undefined> {
  const digest = key.startsWith(blobsPrefix) ? key.slice(blobsPrefix.length) : undefined;
  const isSame = before !== undefined && (before.etag === etag || before.sha256 === digest);
  if (isSame && backup.has(before)) return { ...before, etag };
  if (digest !== undefined && backup.has({ sha256: digest, sizeBytes })) {
    return { kind: 'object', name: key, sha256: digest, sizeBytes, etag };
  }
  const file = backup.temporary();
  if (!(await store.download(key, file))) return undefined;
  const stored = await backup.keep(file);
  if (digest !== undefined && isDigest(digest) && stored.sha256 !== digest) {
    const remedy = 'Mend the store first: restore this object from an older backup';
    throw new LetheError('corrupt', `the bytes of ${key} have another digest. ${remedy}`);
  }
  return { kind: 'object', name: key, ...stored, etag };
}

export function isPointer(key: string): boolean {
  return /^models\/[^/]+\/serving\.json$/.test(key);
}

function pointersAreWhole(
  copied: ReadonlyMap<string, SnapshotEntry>,
  backup: BackupFolder,
): boolean {
  return [...copied.values()].every(({ name, sha256 }) => {
    if (!isPointer(name)) return true;
    const pointer = decodeRecord(ServingPointer, readFileSync(backup.pathOf(sha256)), name);
    const { modelKey, sequence } = pointer;
    if (sequence === 0) return true;
    return (
      copied.has(manifestKey(modelKey, sequence)) && copied.has(verdictKey(modelKey, sequence))
    );
  });
}
