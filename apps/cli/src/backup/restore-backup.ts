/**
 * Writes a snapshot back.
 *
 * Invariants:
 * 1. Nothing that is there is overwritten: objects are put if absent, files made anew. The same bytes
 *    are a success, so that an interrupted restore is repeated; other bytes are refused.
 * 2. Pointers come after all that they lead to.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LetheError } from '@lethe/contracts';
import { digestOfFile, type ObjectStore } from '@lethe/store';
import type { BackupFolder } from './backup-folder.ts';
import { isPointer } from './copy-store.ts';
import type { SnapshotEntry } from './snapshot.ts';

const lanes = 8;
/** Bigger ones are streamed. */
const smallBytes = 4 * 1024 * 1024;

/**
 * @throws LetheError `corrupt` naming what the backup lacks or has damaged: tells all before
 *   anything is written
 */
export async function checkBytes(
  entries: readonly SnapshotEntry[],
  backup: BackupFolder,
  onProgress: (done: number, total: number) => void,
): Promise<void> {
  const bad: string[] = [];
  for (const [at, entry] of entries.entries()) {
    const file = backup.pathOf(entry.sha256);
    if (!existsSync(file)) bad.push(`${entry.name} is missing`);
    else if ((await digestOfFile(file)) !== entry.sha256)
      bad.push(`${entry.name} is damaged (${file})`);
    onProgress(at + 1, entries.length);
  }
  if (bad.length === 0) return;
  const rest = bad.length > 5 ? `, and ${bad.length - 5} more` : '';
  const remedy = 'Use another snapshot, or remove the damaged files and run lethe backup again';
  throw new LetheError(
    'corrupt',
    `in ${backup.path} ${bad.slice(0, 5).join(', ')}${rest}. ${remedy}`,
  );
}

export async function restoreObjects(
  entries: readonly SnapshotEntry[],
  backup: BackupFolder,
  store: ObjectStore,
  onProgress: (done: number, total: number) => void,
): Promise<void> {
  const objects = entries.filter(({ kind }) => kind === 'object');
  const ordered = [
    objects.filter(({ name }) => !isPointer(name)),
    objects.filter(({ name }) => isPointer(name)),
  ];
  let done = 0;
  for (const part of ordered) {
    let next = 0;
    const lane = async () => {
      for (let at = next++; at < part.length; at = next++) {
        await restoreObject(part[at] as SnapshotEntry, backup, store);
        onProgress(++done, objects.length);
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
  }
}

async function restoreObject(
  { name, sha256, sizeBytes }: SnapshotEntry,
  backup: BackupFolder,
  store: ObjectStore,
): Promise<void> {
  const file = backup.pathOf(sha256);
  const body = sizeBytes <= smallBytes ? readFileSync(file) : { file };
  const outcome = await store.put(name, body, { kind: 'if-absent' });
  if (outcome.kind === 'stored') return;
  const copy = join(backup.path, 'tmp', `${sha256}.found`);
  mkdirSync(dirname(copy), { recursive: true });
  const found = await store.download(name, copy);
  const digest = found ? await digestOfFile(copy) : '';
  rmSync(copy, { force: true });
  if (digest === sha256) return;
  throw new LetheError(
    'conflict',
    `the store holds another ${name} than the backup, and nothing is overwritten. Restore into an empty store`,
  );
}

/** Files of a home, below `folder`; those of the message log last, which is what `lethe up` needs. */
export async function restoreFiles(
  entries: readonly SnapshotEntry[],
  backup: BackupFolder,
  folder: string,
): Promise<void> {
  for (const { kind, name, sha256 } of entries) {
    if (kind !== 'file') continue;
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    if (existsSync(file)) {
      if (statSync(file).isFile() && (await digestOfFile(file)) === sha256) continue;
      const what = `${file} is there already with other content, and nothing is overwritten`;
      throw new LetheError('conflict', `${what}. Restore into an empty folder`);
    }
    const part = `${file}.part`;
    await copyFile(backup.pathOf(sha256), part);
    renameSync(part, file);
  }
}
