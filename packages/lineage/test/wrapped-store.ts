import type { ObjectStore } from '@lethe/store';

type Verb = 'get' | 'download' | 'put' | 'list' | 'deleteAllVersions';

/** A store that counts its calls and can be made to fail. */
export class WrappedStore implements ObjectStore {
  readonly calls: Record<Verb, number> = {
    get: 0,
    download: 0,
    put: 0,
    list: 0,
    deleteAllVersions: 0,
  };
  /** Called before each write; what it throws is what the caller gets. */
  beforePut: () => void = () => {};
  /** Called after each write that took place. */
  afterPut: () => Promise<void> = async () => {};
  beforeGet: () => void = () => {};
  readonly #store: ObjectStore;

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  async get(key: string) {
    this.calls.get++;
    this.beforeGet();
    return await this.#store.get(key);
  }
  async download(key: string, file: string) {
    this.calls.download++;
    return await this.#store.download(key, file);
  }
  async put(...args: Parameters<ObjectStore['put']>) {
    this.calls.put++;
    this.beforePut();
    const outcome = await this.#store.put(...args);
    await this.afterPut();
    return outcome;
  }
  list(...args: Parameters<ObjectStore['list']>) {
    this.calls.list++;
    return this.#store.list(...args);
  }
  async deleteAllVersions(key: string) {
    this.calls.deleteAllVersions++;
    return await this.#store.deleteAllVersions(key);
  }
  async [Symbol.asyncDispose]() {
    await this.#store[Symbol.asyncDispose]();
  }
}
