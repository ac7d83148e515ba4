/**
 * A model as it is served, kept current.
 *
 * Invariants:
 * 1. What is used has the digests that the registry named: never half a model, never other bytes.
 * 2. Generations only grow: an older pointer, wherever it comes from, is not followed, also after a
 *    restart. Older is what was before by generation and by time: a model may be registered anew.
 * 3. In trouble (registry, store, a model that does not load) the last good model goes on serving,
 *    also after a restart, and `state` says so.
 */
import {
  LetheError,
  RegistryServiceClient,
  ReleaseServiceClient,
  type ServingPointer,
} from '@lethe/contracts';
import { type ConnectOptions, connect, ResourceStack, systemClock } from '@lethe/service-kit';
import { BlobStore, type ObjectStore } from '@lethe/store';
import { HotValue } from './hot-value.ts';
import { ModelFolder, type Snapshot } from './model-folder.ts';

export interface ServedModelOptions<T> {
  /** gRPC address of the registry. */
  readonly address: string;
  readonly connection?: ConnectOptions;
  readonly store: ObjectStore;
  readonly modelKey: string;
  /** Local folder for the model; one for each process. */
  readonly folder: string;
  /** Names this server in `lethe servers`, for example its pod. */
  readonly server: string;
  /** Loads a snapshot; one that throws is not used. */
  readonly load: (snapshot: Snapshot) => Promise<T>;
  readonly dispose?: (value: T) => void | Promise<void>;
  readonly onChange?: (state: ServedModelState) => void;
}

export type ServedModelState =
  | { readonly kind: 'loading' }
  /** The model that serves. */
  | { readonly kind: 'current'; readonly pointer: ServingPointer }
  /** The last good one; why it is not known to be current. */
  | { readonly kind: 'last-good'; readonly pointer: ServingPointer; readonly reason: string };

const retryMs = 1_000;
const reportEveryMs = 10_000;

export class ServedModel<T> implements AsyncDisposable {
  readonly #options: ServedModelOptions<T>;
  readonly #files: ModelFolder;
  readonly #value: HotValue<T>;
  readonly #stack = new ResourceStack();
  readonly #closing = new AbortController();
  #state: ServedModelState = { kind: 'loading' };
  #snapshot: Snapshot | undefined;
  #following: Promise<unknown> = Promise.resolve();
  /** Former models that are still in use. */
  readonly #leaving = new Set<Promise<void>>();

  /**
   * Resolves when there is a model to use: the one that serves or, should nobody answer, the last
   * good one of this folder.
   *
   * @throws LetheError of the trouble when there is neither
   */
  static async start<T>(options: ServedModelOptions<T>): Promise<ServedModel<T>> {
    const model = new ServedModel(options);
    try {
      await model.#begin();
      return model;
    } catch (thrown) {
      await model[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  private constructor(options: ServedModelOptions<T>) {
    this.#options = options;
    const blobs = new BlobStore(options.store);
    this.#files = new ModelFolder(options.folder, options.store, blobs);
    this.#value = new HotValue(options.dispose ?? (() => {}));
  }

  get state(): ServedModelState {
    return this.#state;
  }

  /** Runs `work` on the model; it keeps this very model to its end, whatever is promoted meanwhile. */
  use<R>(work: (value: T) => R | Promise<R>): Promise<R> {
    return this.#value.use(work);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#following;
    await this.#value.exchange(undefined);
    await Promise.all(this.#leaving);
    await this.#stack[Symbol.asyncDispose]();
  }

  async #begin(): Promise<void> {
    const { address, connection } = this.#options;
    const registry = this.#stack.use(connect(RegistryServiceClient, address, connection));
    const release = this.#stack.use(connect(ReleaseServiceClient, address, connection));
    const { modelKey } = this.#options;
    const lastGood = await this.#files.lastGood();
    try {
      const pointer = await registry.getServing({ modelKey });
      this.#requireNotOlder(pointer, lastGood?.pointer);
      await this.#take(pointer);
    } catch (thrown) {
      if (lastGood === undefined) throw thrown;
      await this.#swap(lastGood);
      this.#become({
        kind: 'last-good',
        pointer: lastGood.pointer,
        reason: LetheError.from(thrown).message,
      });
    }
    this.#following = Promise.all([this.#follow(registry), this.#report(release)]);
  }

  /** Watches for moves, from where it stands, for as long as it lives. */
  async #follow(registry: ReturnType<typeof connectRegistry>): Promise<void> {
    const { signal } = this.#closing;
    const { modelKey } = this.#options;
    while (!signal.aborted) {
      try {
        const pointer = await registry.getServing({ modelKey });
        await this.#take(pointer);
        const after = { modelKey, afterGeneration: this.#generation };
        for await (const move of registry.watchServing(after, { signal })) await this.#take(move);
      } catch (thrown) {
        if (!signal.aborted) this.#fallBack(LetheError.from(thrown).message);
      }
      await systemClock.sleep(retryMs, signal).catch(() => {});
    }
  }

  async #report(release: ReturnType<typeof connectRelease>): Promise<void> {
    const { signal } = this.#closing;
    const { modelKey, server } = this.#options;
    while (!signal.aborted) {
      const weightsDigest = this.#snapshot?.pointer.weightsDigest ?? '';
      const report = { modelKey, server, weightsDigest, generation: this.#generation };
      await release.reportServing(report).catch(() => {});
      await systemClock.sleep(reportEveryMs, signal).catch(() => {});
    }
  }

  get #generation(): number {
    return this.#snapshot?.pointer.generation ?? 0;
  }

  /** Invariant 2. @throws LetheError, and whatever `load` throws: nothing has changed then */
  async #take(pointer: ServingPointer): Promise<void> {
    const present = this.#snapshot?.pointer;
    this.#requireNotOlder(pointer, present);
    const isPresent =
      present?.generation === pointer.generation && present.weightsDigest === pointer.weightsDigest;
    if (!isPresent) await this.#swap(await this.#files.fetch(pointer));
    this.#become({ kind: 'current', pointer });
  }

  /** @throws LetheError `conflict`: the registry was restored from a backup, or is another one */
  #requireNotOlder(pointer: ServingPointer, served: ServingPointer | undefined): void {
    if (served === undefined || pointer.generation >= served.generation) return;
    if (timeOf(pointer) > timeOf(served)) return;
    const { address, modelKey, folder } = this.#options;
    throw new LetheError(
      'conflict',
      `the registry at ${address} says that generation ${pointer.generation} of ${modelKey} serves, and generation ${served.generation} served here before, which has forgotten more. Was it restored from a backup? To follow it all the same, delete ${folder}`,
    );
  }

  async #swap(snapshot: Snapshot): Promise<void> {
    const value = await this.#options.load(snapshot);
    this.#snapshot = snapshot;
    // The former one is in use until its last user is done, which may be never: nobody waits for that.
    const gone: Promise<void> = this.#value
      .exchange(value)
      .catch(() => {})
      .finally(() => this.#leaving.delete(gone));
    this.#leaving.add(gone);
    await this.#files.keepOnly(snapshot);
  }

  #fallBack(reason: string): void {
    if (this.#snapshot === undefined) return;
    this.#become({ kind: 'last-good', pointer: this.#snapshot.pointer, reason });
  }

  #become(state: ServedModelState): void {
    this.#state = state;
    this.#options.onChange?.(state);
  }
}

const timeOf = ({ promotedTime }: ServingPointer) => promotedTime?.getTime() ?? 0;

const connectRegistry = (address: string) => connect(RegistryServiceClient, address);
const connectRelease = (address: string) => connect(ReleaseServiceClient, address);
