/**
 * Content-addressed bytes above any object store: weights, state, topology, training manifests.
 *
 * Invariants:
 * 1. What `get` and `file` give has the digest that was asked for, or they throw.
 * 2. `put` resolves when bytes with that digest are stored; damaged ones are replaced.
 */
import { chmod, mkdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, LetheError, sha256 } from '@lethe/contracts';
import { digestOfFile } from './file-digest.ts';
import type { ObjectBody, ObjectStore } from './object-store.ts';

export interface BlobStoreOptions {
  /** Where `file` keeps local copies; made when missing. Without it, `file` is refused. */
  readonly cacheFolder?: string;
}

export class BlobStore {
  readonly #store: ObjectStore;
  readonly #cacheFolder: string | undefined;
  /** Copies that this process has verified, or is about to: digest → the file as it was then. */
  readonly #verified = new Map<Digest, Promise<string>>();

  constructor(store: ObjectStore, options: BlobStoreOptions = {}) {
    this.#store = store;
    this.#cacheFolder = options.cacheFolder;
  }

  /**
   * Stores bytes, or a file that nobody changes meanwhile, under their SHA-256.
   *
   * @throws LetheError `precondition` when the file was changed while it was being stored
   */
  async put(body: ObjectBody): Promise<Digest> {
    return body instanceof Uint8Array ? await this.#putBytes(body) : await this.#putFile(body.file);
  }

  /** @throws LetheError `not_found`, or `corrupt` when the stored bytes have another digest */
  async get(digest: Digest): Promise<Uint8Array> {
    const stored = await this.#store.get(blobKey(digest));
    if (stored === undefined) throw missing(digest);
    if (sha256(stored.bytes) !== digest) throw corrupt(digest);
    return stored.bytes;
  }

  /**
   * Path of a local, read-only copy. It is verified when this process first asks for it, and
   * again when it has been touched since.
   *
   * @throws LetheError `not_found`, `corrupt`; `precondition` without a cache folder
   */
  async file(digest: Digest): Promise<string> {
    const path = this.#cachePath(digest);
    const verified = await this.#verified.get(digest)?.catch(() => undefined);
    if (verified !== undefined && verified === (await versionOf(path))) return path;
    const fetched = this.#fetch(digest, path);
    this.#verified.set(digest, fetched);
    await fetched;
    return path;
  }

  async has(digest: Digest): Promise<boolean> {
    const key = blobKey(digest);
    for await (const found of this.#store.list(key)) return found.key === key;
    return false;
  }

  /** Deletes all versions, and the local copy; the number of versions deleted. */
  async delete(digest: Digest): Promise<number> {
    this.#verified.delete(digest);
    if (this.#cacheFolder !== undefined) {
      await unlink(join(this.#cacheFolder, digest)).catch(() => undefined);
    }
    return await this.#store.deleteAllVersions(blobKey(digest));
  }

  async #putBytes(bytes: Uint8Array): Promise<Digest> {
    const digest = sha256(bytes);
    const outcome = await this.#store.put(blobKey(digest), bytes, { kind: 'if-absent' });
    if (outcome.kind === 'refused') await this.#mend(digest, bytes);
    return digest;
  }

  async #putFile(file: string): Promise<Digest> {
    const version = await versionOf(file);
    if (version === undefined) {
      throw new LetheError('not_found', `there is no file ${file} to store. Check the path`);
    }
    const digest = await digestOfFile(file);
    const key = blobKey(digest);
    const outcome = await this.#store.put(key, { file }, { kind: 'if-absent' });
    if (outcome.kind === 'refused') {
      await this.#mend(digest, { file });
    } else if ((await versionOf(file)) !== version) {
      await this.#store.deleteAllVersions(key);
      const remedy = 'Store it again when nobody writes to it';
      throw new LetheError('precondition', `${file} was changed while it was stored. ${remedy}`);
    }
    return digest;
  }

  /** Bytes under a digest prove themselves: where they do not, the right ones replace them. */
  async #mend(digest: Digest, body: ObjectBody): Promise<void> {
    if (await this.#isSound(digest)) return;
    await this.#store.put(blobKey(digest), body);
  }

  async #isSound(digest: Digest): Promise<boolean> {
    try {
      if (this.#cacheFolder === undefined) await this.get(digest);
      else await this.file(digest);
      return true;
    } catch (thrown) {
      const { code } = LetheError.from(thrown);
      if (code === 'corrupt' || code === 'not_found') return false;
      throw thrown;
    }
  }

  async #fetch(digest: Digest, path: string): Promise<string> {
    const present = await versionOf(path);
    if (present === undefined || (await digestOfFile(path)) !== digest) {
      await mkdir(this.#cacheFolder ?? '', { recursive: true });
      if (!(await this.#store.download(blobKey(digest), path))) throw missing(digest);
      if ((await digestOfFile(path)) !== digest) {
        await unlink(path);
        throw corrupt(digest);
      }
      await chmod(path, 0o444);
    }
    return (await versionOf(path)) ?? '';
  }

  #cachePath(digest: Digest): string {
    if (this.#cacheFolder !== undefined) return join(this.#cacheFolder, digest);
    const remedy = 'Open the BlobStore with a cacheFolder';
    throw new LetheError('precondition', `blobs have no local folder here. ${remedy}`);
  }
}

/** Key of a blob in the object store. */
export function blobKey(digest: Digest): string {
  return `blobs/${digest}`;
}

/** Tells one state of a file from another without reading it; `undefined` when it is missing. */
async function versionOf(path: string): Promise<string | undefined> {
  const stats = await stat(path, { bigint: true }).catch(() => undefined);
  return stats && `${stats.ino}-${stats.mtimeNs}-${stats.ctimeNs}-${stats.size}`;
}

function missing(digest: Digest): LetheError {
  return new LetheError('not_found', `there is no object ${blobKey(digest)} in the store`);
}

function corrupt(digest: Digest): LetheError {
  const remedy = 'Restore it from a backup, or store the right bytes again';
  return new LetheError(
    'corrupt',
    `the bytes of ${blobKey(digest)} have another digest. ${remedy}`,
  );
}
