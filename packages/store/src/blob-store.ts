/**
 * Content-addressed bytes above any object store: weights, state, topology, training manifests.
 *
 * Invariants:
 * 1. What `get` and `file` give has the digest that was asked for, or they throw.
 * 2. `put` resolves when bytes with that digest are stored; damaged ones are replaced.
 * 3. Bytes that were stored long ago are written again by who puts them: their age tells when they
 *    were last wanted, and whoever collects what nobody wants goes by it.
 */
import { type Digest, LetheError, sha256 } from '@lethe/contracts';
import { BlobCache } from './blob-cache.ts';
import { digestOfFile, versionOfFile } from './file-digest.ts';
import type { ObjectBody, ObjectStore } from './object-store.ts';

export interface BlobStoreOptions {
  /** Where `file` keeps local copies; made when missing. Without it, `file` is refused. */
  readonly cacheFolder?: string;
  /** Time, milliseconds since 1970; default: this machine's. */
  readonly now?: () => number;
}

/** Half of the least age at which a blob that no record names may be deleted. */
const renewAfterMs = 12 * 60 * 60 * 1000;

export class BlobStore {
  readonly #store: ObjectStore;
  readonly #cache: BlobCache | undefined;
  readonly #now: () => number;

  constructor(store: ObjectStore, { cacheFolder, now = Date.now }: BlobStoreOptions = {}) {
    this.#store = store;
    this.#now = now;
    if (cacheFolder !== undefined) this.#cache = new BlobCache(cacheFolder);
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
    if (this.#cache === undefined) {
      const remedy = 'Open the BlobStore with a cacheFolder';
      throw new LetheError('precondition', `blobs have no local folder here. ${remedy}`);
    }
    return await this.#cache.file(digest, (file) => this.download(digest, file));
  }

  /**
   * Writes a blob into a file of the caller's, past the cache folder.
   *
   * @throws LetheError `not_found`; `corrupt`: the file is there then, and is not to be used
   */
  async download(digest: Digest, file: string): Promise<void> {
    if (!(await this.#store.download(blobKey(digest), file))) throw missing(digest);
    if ((await digestOfFile(file)) !== digest) throw corrupt(digest);
  }

  async has(digest: Digest): Promise<boolean> {
    return (await this.sizeOf(digest)) !== undefined;
  }

  /** In bytes; nothing when it is not stored. */
  async sizeOf(digest: Digest): Promise<number | undefined> {
    const wanted = blobKey(digest);
    for await (const { key, sizeBytes } of this.#store.list(wanted)) {
      return key === wanted ? sizeBytes : undefined;
    }
    return undefined;
  }

  /** Deletes all versions, and the local copy; the number of versions deleted. */
  async delete(digest: Digest): Promise<number> {
    await this.#cache?.delete(digest);
    return await this.#store.deleteAllVersions(blobKey(digest));
  }

  async #putBytes(bytes: Uint8Array): Promise<Digest> {
    const digest = sha256(bytes);
    const outcome = await this.#store.put(blobKey(digest), bytes, { kind: 'if-absent' });
    if (outcome.kind === 'refused') await this.#mend(digest, bytes);
    return digest;
  }

  async #putFile(file: string): Promise<Digest> {
    const version = await versionOfFile(file);
    if (version === undefined) {
      throw new LetheError('not_found', `there is no file ${file} to store. Check the path`);
    }
    const digest = await digestOfFile(file);
    const key = blobKey(digest);
    const outcome = await this.#store.put(key, { file }, { kind: 'if-absent' });
    if (outcome.kind === 'refused') {
      await this.#mend(digest, { file });
    } else if ((await versionOfFile(file)) !== version) {
      await this.#store.deleteAllVersions(key);
      const remedy = 'Store it again when nobody writes to it';
      throw new LetheError('precondition', `${file} was changed while it was stored. ${remedy}`);
    }
    return digest;
  }

  /** Bytes under a digest prove themselves: where they do not, the right ones replace them. */
  async #mend(digest: Digest, body: ObjectBody): Promise<void> {
    const isGood = (await this.#isRecent(digest)) && (await this.#isSound(digest, body));
    if (!isGood) await this.#store.put(blobKey(digest), body);
  }

  async #isRecent(digest: Digest): Promise<boolean> {
    const wanted = blobKey(digest);
    for await (const { key, modifiedMs } of this.#store.list(wanted)) {
      return key === wanted && this.#now() - modifiedMs < renewAfterMs;
    }
    return false;
  }

  async #isSound(digest: Digest, body: ObjectBody): Promise<boolean> {
    try {
      // What was given as a file may be too big for memory.
      if (body instanceof Uint8Array || this.#cache === undefined) await this.get(digest);
      else await this.#cache.refetch(digest, (file) => this.download(digest, file));
      return true;
    } catch (thrown) {
      const { code } = LetheError.from(thrown);
      if (code === 'corrupt' || code === 'not_found') return false;
      throw thrown;
    }
  }
}

/** Key of a blob in the object store. */
export function blobKey(digest: Digest): string {
  return `blobs/${digest}`;
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
