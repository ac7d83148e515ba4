/**
 * Verified local copies of blobs, as files named by their digest.
 *
 * Invariants:
 * 1. A copy gets its name after it was verified; several processes may share the folder.
 * 2. A path is given out when this process has verified the file as it is now.
 */
import { randomUUID } from 'node:crypto';
import { chmod, mkdir, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '@lethe/contracts';
import { digestOfFile, versionOfFile } from './file-digest.ts';
import { folderError } from './folder/folder-error.ts';
import { removeLeftovers } from './folder/temporary-files.ts';

/** Writes the verified bytes of a blob into a new file, or throws. */
type Fetch = (file: string) => Promise<void>;

export class BlobCache {
  readonly #folder: string;
  readonly #temporary: string;
  /** The version of each copy that was verified; whoever asks next waits for it. */
  readonly #verified = new Map<Digest, Promise<string | undefined>>();
  #prepared: Promise<void> | undefined;

  constructor(folder: string) {
    this.#folder = folder;
    this.#temporary = join(folder, 'tmp');
  }

  /** Path of a read-only copy; `fetch` is asked for one when there is none, or a damaged one. */
  async file(digest: Digest, fetch: Fetch): Promise<string> {
    return await this.#inTurn(digest, async (path, verified) => {
      const present = await versionOfFile(path);
      if (present !== undefined) {
        if (present === verified || (await digestOfFile(path)) === digest) return present;
      }
      return await this.#fetch(path, fetch);
    });
  }

  /** Path of a copy that `fetch` gives now, whatever is there. */
  async refetch(digest: Digest, fetch: Fetch): Promise<string> {
    return await this.#inTurn(digest, (path) => this.#fetch(path, fetch));
  }

  async delete(digest: Digest): Promise<void> {
    this.#verified.delete(digest);
    await unlink(join(this.#folder, digest)).catch(() => undefined);
  }

  /** One after another per digest; each is told which version the one before has verified. */
  async #inTurn(
    digest: Digest,
    verify: (path: string, verified: string | undefined) => Promise<string | undefined>,
  ): Promise<string> {
    const path = join(this.#folder, digest);
    const earlier = this.#verified.get(digest) ?? Promise.resolve(undefined);
    const turn = earlier.catch(() => undefined).then((version) => verify(path, version));
    this.#verified.set(digest, turn);
    await turn;
    return path;
  }

  async #fetch(path: string, fetch: Fetch): Promise<string | undefined> {
    await this.#prepare();
    const part = join(this.#temporary, randomUUID());
    try {
      await fetch(part);
      await chmod(part, 0o444);
      await rename(part, path);
    } catch (thrown) {
      await unlink(part).catch(() => undefined);
      throw folderError(thrown, path, 'write');
    }
    return await versionOfFile(path);
  }

  async #prepare(): Promise<void> {
    this.#prepared ??= mkdir(this.#temporary, { recursive: true }).then(() =>
      removeLeftovers(this.#temporary),
    );
    await this.#prepared.catch((thrown: unknown) => {
      this.#prepared = undefined;
      throw folderError(thrown, this.#folder, 'keep copies of blobs in');
    });
  }
}
