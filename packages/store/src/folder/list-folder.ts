import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { splitPrefix } from '../object-key.ts';
import type { ObjectInfo } from '../object-store.ts';
import { etagOf } from './file-stamp.ts';
import { isMissing } from './folder-error.ts';
import { pathOfFolders, readName } from './key-path.ts';

/** An object, or everything whose key goes on with a slash. */
interface Entry {
  /** Key of the object, or what the keys of the folder begin with, slash included. */
  readonly key: string;
  readonly path: string;
  readonly isFolder: boolean;
}

/** Objects whose key begins with `prefix` and is greater than `after`, ascending by code unit. */
export async function* listFolder(
  root: string,
  prefix: string,
  after: string,
): AsyncGenerator<ObjectInfo> {
  const { folders } = splitPrefix(prefix);
  const stem = folders.map((part) => `${part}/`).join('');
  yield* walk(pathOfFolders(root, folders), stem, prefix, after);
}

async function* walk(
  folder: string,
  stem: string,
  prefix: string,
  after: string,
): AsyncGenerator<ObjectInfo> {
  const entries = (await readEntries(folder, stem)).filter(
    ({ key, isFolder }) =>
      (key.startsWith(prefix) || (isFolder && prefix.startsWith(key))) &&
      (key > after || (isFolder && after.startsWith(key))),
  );
  // A folder's key ends with its slash, so this order is that of the keys inside as well.
  entries.sort((a, b) => (a.key < b.key ? -1 : 1));
  for (const { key, path, isFolder } of entries) {
    if (isFolder) {
      yield* walk(path, key, prefix, after);
      continue;
    }
    const stats = await stat(path, { bigint: true }).catch(ignoreMissing);
    if (stats === undefined) continue;
    yield {
      key,
      sizeBytes: Number(stats.size),
      etag: etagOf(stats),
      modifiedMs: Number(stats.mtimeNs / 1_000_000n),
    };
  }
}

async function readEntries(folder: string, stem: string): Promise<Entry[]> {
  const names = (await readdir(folder).catch(ignoreMissing)) ?? [];
  const entries: Entry[] = [];
  for (const name of names) {
    const path = join(folder, name);
    const { kind, part } = readName(name);
    const key = stem + part;
    if (kind === 'continuation') entries.push(...(await readEntries(path, key)));
    else if (kind === 'folder') entries.push({ key: `${key}/`, path, isFolder: true });
    else entries.push({ key, path, isFolder: false });
  }
  return entries;
}

function ignoreMissing(thrown: unknown): undefined {
  if (!isMissing(thrown)) throw thrown;
}
