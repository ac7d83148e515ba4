import { LetheError } from '@lethe/contracts';
import type {
  ObjectBody,
  ObjectInfo,
  ObjectStore,
  StoredObject,
  WriteCondition,
  WriteOutcome,
} from '@lethe/store';

/** What befell the store itself, as opposed to the one request that met it. */
const troubles: readonly LetheError['code'][] = ['unavailable', 'capacity', 'precondition'];

/**
 * An object store that knows whether it is well: what the last read and the last write met. While
 * something is wrong, or nothing was asked for a while, it asks by itself, so that a store that is
 * back is known to be back, also by a service that has nothing to do.
 */
export class WatchedStore implements ObjectStore {
  readonly #store: ObjectStore;
  readonly #timer: NodeJS.Timeout;
  #readTrouble: LetheError | undefined;
  #writeTrouble: LetheError | undefined;
  #lastAskedMs = performance.now();
  #looking = false;

  constructor(store: ObjectStore, lookEveryMs = 5_000) {
    this.#store = store;
    this.#timer = setInterval(() => void this.#look(lookEveryMs), lookEveryMs).unref();
  }

  /** Why the store cannot be relied on now, where that is so. */
  interruption(): LetheError | undefined {
    return this.#writeTrouble ?? this.#readTrouble;
  }

  get(key: string): Promise<StoredObject | undefined> {
    return this.#read(() => this.#store.get(key));
  }

  download(key: string, file: string): Promise<boolean> {
    return this.#read(() => this.#store.download(key, file));
  }

  put(key: string, body: ObjectBody, condition?: WriteCondition): Promise<WriteOutcome> {
    return this.#write(() => this.#store.put(key, body, condition));
  }

  async *list(prefix: string, options?: { after?: string }): AsyncGenerator<ObjectInfo> {
    try {
      yield* this.#store.list(prefix, options);
      this.#readTrouble = undefined;
    } catch (thrown) {
      this.#readTrouble = troubleOf(thrown) ?? this.#readTrouble;
      throw thrown;
    }
  }

  deleteAllVersions(key: string): Promise<number> {
    return this.#write(() => this.#store.deleteAllVersions(key));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#store[Symbol.asyncDispose]();
  }

  async #read<T>(work: () => Promise<T>): Promise<T> {
    this.#lastAskedMs = performance.now();
    try {
      const result = await work();
      this.#readTrouble = undefined;
      return result;
    } catch (thrown) {
      this.#readTrouble = troubleOf(thrown) ?? this.#readTrouble;
      throw thrown;
    }
  }

  async #write<T>(work: () => Promise<T>): Promise<T> {
    this.#lastAskedMs = performance.now();
    try {
      const result = await work();
      this.#writeTrouble = undefined;
      return result;
    } catch (thrown) {
      this.#writeTrouble = troubleOf(thrown) ?? this.#writeTrouble;
      throw thrown;
    }
  }

  async #look(idleMs: number): Promise<void> {
    const isIdle = performance.now() - this.#lastAskedMs >= idleMs;
    if (this.#looking || !(isIdle || this.interruption() !== undefined)) return;
    this.#looking = true;
    try {
      // A write proves more: a full store can be read.
      if (this.#writeTrouble !== undefined) await this.put(lookKey, new Uint8Array([1]));
      await this.get(lookKey);
    } catch {
      // It is remembered.
    } finally {
      this.#looking = false;
    }
  }
}

/** Below what every key of the services may write. */
const lookKey = 'probe/look';

function troubleOf(thrown: unknown): LetheError | undefined {
  const error = LetheError.from(thrown);
  return troubles.includes(error.code) ? error : undefined;
}
