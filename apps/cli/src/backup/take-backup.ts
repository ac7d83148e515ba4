import { copyFileSync, existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ObjectStore } from '@lethe/store';
import { homeDatabases } from '../embedded/home-databases.ts';
import { type HomeLayout, homeLayout } from '../embedded/home-layout.ts';
import type { BackupFolder } from './backup-folder.ts';
import { copyDatabase } from './copy-database.ts';
import { copyBlobs, copyStore } from './copy-store.ts';
import { type Snapshot, type SnapshotEntry, snapshotHead } from './snapshot.ts';

/** What is backed up beside the object store. */
export type BackupSource =
  | { readonly kind: 'home'; readonly layout: HomeLayout }
  | {
      readonly kind: 'store';
      readonly address: string;
      /** SQLite file of intake, where it can be reached. */
      readonly index: string | undefined;
      /** Folder of keys. */
      readonly keys: string | undefined;
    };

export interface BackupOptions {
  readonly source: BackupSource;
  readonly store: ObjectStore;
  readonly backup: BackupFolder;
  readonly now: () => Date;
  readonly onProgress: (what: string, done: number, total: number) => void;
}

/**
 * Copies what a Lethe knows, also while it runs. The order is what makes it one picture: blobs, which
 * take long and never change; then databases (see `homeDatabases`); then records; pointers last. So
 * the object store is never behind the message log, only ahead of it, as after a crash.
 */
export async function takeBackup(options: BackupOptions): Promise<{ name: string } & Snapshot> {
  const { source, store, backup, now, onProgress } = options;
  const startedTime = now().toISOString();
  const earlier = backup.snapshots().at(-1);
  const before = earlier === undefined ? [] : backup.read(earlier).entries;
  const known = new Map(
    before.flatMap((entry) => (entry.kind === 'object' ? [[entry.name, entry] as const] : [])),
  );
  const copying = (what: string) => ({
    store,
    backup,
    onProgress: (done: number, total: number) => onProgress(what, done, total),
  });
  const blobs = await copyBlobs({ ...copying('blobs'), known });
  const busTime = now().toISOString();
  const files: SnapshotEntry[] = [];
  for (const [name, file] of databasesOf(source)) {
    const copied = await copyDatabase(file, name, backup);
    if (copied !== undefined) files.push(copied);
  }
  const keys = source.kind === 'home' ? source.layout.keys : source.keys;
  if (keys !== undefined) files.push(...(await copyKeys(keys, backup)));
  const objects = await copyStore({
    ...copying('records'),
    known: new Map([...known, ...blobs]),
  });
  const head = snapshotHead({
    kind: source.kind,
    source: source.kind === 'home' ? source.layout.root : source.address,
    startedTime,
    busTime,
  });
  const snapshot = { head, entries: [...files, ...objects] };
  return { name: await backup.finish(snapshot), ...snapshot };
}

/** Name in the backup, and where it is. */
function databasesOf(source: BackupSource): readonly (readonly [string, string])[] {
  if (source.kind === 'home') {
    return homeDatabases(source.layout).map(({ file }) => [basename(file), file] as const);
  }
  const name = basename(homeLayout('.').ingest);
  return source.index === undefined ? [] : [[name, source.index]];
}

async function copyKeys(folder: string, backup: BackupFolder): Promise<SnapshotEntry[]> {
  if (!existsSync(folder)) return [];
  const entries: SnapshotEntry[] = [];
  for (const name of readdirSync(folder).sort()) {
    const file = join(folder, name);
    // Names with more than one dot are those of files being written.
    if (!statSync(file).isFile() || !/^[A-Za-z0-9_-]+\.(pem|key|json)$/.test(name)) continue;
    const copy = backup.temporary();
    copyFileSync(file, copy);
    entries.push({ kind: 'file', name: `keys/${name}`, ...(await backup.keep(copy)) });
  }
  return entries;
}
