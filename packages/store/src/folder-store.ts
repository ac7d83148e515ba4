/**
 * The embedded object store: a folder, used by any number of processes at once.
 *
 * Invariants (docs/decisions/0004 has the reasoning):
 * 1. An object is a file that was written and synced under another name and is never changed
 *    afterwards: a reader has all of one version or all of another.
 * 2. A key is created by link(2), which the kernel grants to one of many; no lock is needed.
 * 3. A key is replaced or deleted under the folder's lock only, so what was compared is what
 *    is replaced. The lock ends with its process.
 * 4. A promise resolves, also with `refused`, after the folder of the key is synced.
 * 5. A missing root is an error, never an empty store.
 */
import { type FileHandle, link, open, rename, stat, unlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ensureFolders, piecesOf, syncFolder } from './folder/durable-files.ts';
import { etagOf, stampAfter } from './folder/file-stamp.ts';
import { folderError, isMissing, isPresent } from './folder/folder-error.ts';
import { FolderLock } from './folder/folder-lock.ts';
import { pathOfKey } from './folder/key-path.ts';
import { listFolder } from './folder/list-folder.ts';
import { makeFolder } from './folder/make-folder.ts';
import {
  removeLeftovers,
  type TemporaryFile,
  withTemporaryFile,
} from './folder/temporary-files.ts';
import { partsOfKey } from './object-key.ts';
import type {
  ETag,
  ObjectBody,
  ObjectInfo,
  ObjectStore,
  StoredObject,
  WriteCondition,
  WriteOutcome,
} from './object-store.ts';
import { writeWholeFile } from './whole-file.ts';

export class FolderStore implements ObjectStore {
  readonly #folder: string;
  readonly #objects: string;
  readonly #temporary: string;
  readonly #lock: FolderLock;
  /** Folders of keys that this process has seen synced, from the root down. */
  readonly #known = new Set<string>();

  private constructor(folder: string) {
    this.#folder = folder;
    this.#objects = join(folder, 'objects');
    this.#temporary = join(folder, 'tmp');
    this.#lock = new FolderLock(join(folder, 'lock.sqlite'));
  }

  /**
   * Opens the store in `folder`, which is made when it is missing and its parent is there.
   *
   * @throws LetheError `precondition` when it is a file, read-only and new, or its parent is
   *   missing; `capacity` when the disk is full
   */
  static async open(folder: string): Promise<FolderStore> {
    const store = new FolderStore(resolve(folder));
    try {
      await store.#prepare();
      return store;
    } catch (thrown) {
      throw folderError(thrown, store.#folder, 'open the object store');
    }
  }

  async get(key: string): Promise<StoredObject | undefined> {
    return await this.#read(key, async (handle) => {
      const stats = await handle.stat({ bigint: true });
      return { bytes: await handle.readFile(), etag: etagOf(stats) };
    });
  }

  async download(key: string, file: string): Promise<boolean> {
    const found = await this.#read(key, async (from) => {
      await writeWholeFile(file, piecesOf(from));
      return true;
    });
    return found ?? false;
  }

  async put(key: string, body: ObjectBody, condition?: WriteCondition): Promise<WriteOutcome> {
    const { path, folder, folders } = this.#locate(key);
    try {
      if (!this.#known.has(folder)) await ensureFolders(this.#objects, folders);
      this.#known.add(folder);
      // Saves writing a body that would be refused; what decides comes later.
      if (condition !== undefined && !holds(condition, await etagAt(path))) {
        await syncFolder(folder);
        return { kind: 'refused' };
      }
      const etag = await withTemporaryFile(this.#temporary, body, (file) =>
        condition?.kind === 'if-absent'
          ? create(file, path)
          : this.#replace(file, path, condition?.etag),
      );
      await syncFolder(folder);
      return etag === undefined ? { kind: 'refused' } : { kind: 'stored', etag };
    } catch (thrown) {
      // Somebody took a folder away: the next attempt makes it again.
      if (isMissing(thrown)) this.#known.clear();
      throw folderError(thrown, this.#folder, `store ${key} in`);
    }
  }

  async *list(prefix: string, options: { after?: string } = {}): AsyncGenerator<ObjectInfo> {
    try {
      await stat(this.#objects);
      yield* listFolder(this.#objects, prefix, options.after ?? '');
    } catch (thrown) {
      throw folderError(thrown, this.#folder, 'list the object store');
    }
  }

  async deleteAllVersions(key: string): Promise<number> {
    const { path, folder } = this.#locate(key);
    try {
      await stat(this.#objects);
      const deleted = await this.#lock.hold(() => unlinked(path));
      if (deleted) await syncFolder(folder);
      return deleted ? 1 : 0;
    } catch (thrown) {
      throw folderError(thrown, this.#folder, `delete ${key} from`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lock[Symbol.asyncDispose]();
  }

  async #prepare(): Promise<void> {
    await makeFolder(this.#folder);
    if (!(await makeFolder(this.#temporary))) {
      await removeLeftovers(this.#temporary);
    }
    await makeFolder(this.#objects);
  }

  #locate(key: string): { path: string; folder: string; folders: readonly string[] } {
    const { folders, file } = pathOfKey(partsOfKey(key));
    const folder = join(this.#objects, ...folders);
    return { path: join(folder, file), folder, folders };
  }

  async #read<T>(key: string, use: (handle: FileHandle) => Promise<T>): Promise<T | undefined> {
    const { path } = this.#locate(key);
    try {
      const handle = await open(path, 'r').catch(async (thrown: unknown) => {
        if (!isMissing(thrown)) throw thrown;
        await stat(this.#objects);
      });
      if (handle === undefined) return undefined;
      try {
        return await use(handle);
      } finally {
        await handle.close();
      }
    } catch (thrown) {
      throw folderError(thrown, this.#folder, `read ${key} from`);
    }
  }

  async #replace(
    file: TemporaryFile,
    path: string,
    expected: ETag | undefined,
  ): Promise<ETag | undefined> {
    return await this.#lock.hold(async () => {
      const present = await statIfThere(path);
      const presentTag = present === undefined ? undefined : etagOf(present);
      if (expected !== undefined && presentTag !== expected) return undefined;
      const etag =
        present === undefined ? file.etag : await stampAfter(file.handle, present.mtimeNs);
      await rename(file.path, path);
      return etag;
    });
  }
}

/** Gives the file its key unless the key is taken. */
async function create(file: TemporaryFile, path: string): Promise<ETag | undefined> {
  try {
    await link(file.path, path);
    return file.etag;
  } catch (thrown) {
    if (isPresent(thrown)) return undefined;
    throw thrown;
  }
}

function holds(condition: WriteCondition, present: ETag | undefined): boolean {
  return condition.kind === 'if-absent' ? present === undefined : present === condition.etag;
}

async function etagAt(path: string): Promise<ETag | undefined> {
  const stats = await statIfThere(path);
  return stats === undefined ? undefined : etagOf(stats);
}

async function statIfThere(path: string) {
  return await stat(path, { bigint: true }).catch((thrown: unknown) => {
    if (!isMissing(thrown)) throw thrown;
  });
}

async function unlinked(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (thrown) {
    if (isMissing(thrown)) return false;
    throw thrown;
  }
}
