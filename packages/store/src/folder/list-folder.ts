import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { splitPrefix } from '../object-key.ts';
import type { ObjectInfo } from '../object-store.ts';
import { etagOf } from './file-stamp.ts';
import { isMissing } from './folder-error.ts';
import { pathOfFolders, readName } from './key-path.ts';

/**
 * An object, or everything whose key goes on with a slash. Lean: a folder may hold 100,000 of them,
 * and all are in memory to be sorted.
 */
interface Entry {
  /** Of the object, or what the keys of the folder begin with, slash included; below `stem`. */
  readonly rest: string;
  /** Below the folder that is read. */
  readonly path: string;
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
  const entries: Entry[] = [];
  for await (const { rest, path } of readEntries(folder, '', '')) {
    const key = stem + rest;
    const isFolder = rest.endsWith('/');
    const isAsked = key.startsWith(prefix) || (isFolder && prefix.startsWith(key));
    if (isAsked && (key > after || (isFolder && after.startsWith(key))))
      entries.push({ rest, path });
  }
  // A folder's key ends with its slash, so this order is that of the keys inside as well.
  entries.sort((a, b) => (a.rest < b.rest ? -1 : 1));
  for (const entry of entries) {
    const key = stem + entry.rest;
    const path = join(folder, entry.path);
    if (entry.rest.endsWith('/')) {
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

async function* readEntries(folder: string, below: string, stem: string): AsyncGenerator<Entry> {
  for (const name of (await readdir(join(folder, below)).catch(ignoreMissing)) ?? []) {
    const path = below === '' ? name : `${below}/${name}`;
    const { kind, part } = readName(name);
    const rest = stem === '' ? part : stem + part;
    if (kind === 'continuation') yield* readEntries(folder, path, rest);
    else yield { rest: kind === 'folder' ? `${rest}/` : rest, path };
  }
}

function ignoreMissing(thrown: unknown): undefined {
  if (!isMissing(thrown)) throw thrown;
}
