import { join } from 'node:path';
import { SqliteBus } from '@lethe/bus';
import {
  RegistryServiceClient,
  ReleaseServiceClient,
  RequestServiceClient,
} from '@lethe/contracts';
import { LineageStore } from '@lethe/lineage';
import { connect, ResourceStack } from '@lethe/service-kit';
import { BlobStore, FolderStore } from '@lethe/store';
import { percentilesOf } from './percentiles.ts';
import { modelKey, type World } from './world.ts';

/** Calls of each kind beside one round. */
const readsPerRound = 10;

/** What others do to a registry: rounds are judged, requests come in, and everybody asks. */
export class Load implements AsyncDisposable {
  calls = 0;
  requests = 0;
  readonly #stack = new ResourceStack();
  readonly #world: World;
  readonly #bus: SqliteBus;
  readonly #lineage: LineageStore;
  readonly #registry;
  readonly #release;
  readonly #request;
  readonly #times = new Map<string, number[]>();
  #last: number;

  static async open(folder: string, address: string, world: World, last: number): Promise<Load> {
    const bus = await SqliteBus.open({ file: join(folder, 'bus.sqlite') });
    const store = await FolderStore.open(join(folder, 'store'));
    return new Load({ bus, store, address, world, last });
  }

  private constructor(given: {
    bus: SqliteBus;
    store: FolderStore;
    address: string;
    world: World;
    last: number;
  }) {
    const { bus, store, address, world, last } = given;
    this.#bus = this.#stack.use(bus);
    this.#stack.use(store);
    this.#lineage = new LineageStore(store, new BlobStore(store));
    this.#registry = this.#stack.use(connect(RegistryServiceClient, address));
    this.#release = this.#stack.use(connect(ReleaseServiceClient, address));
    this.#request = this.#stack.use(connect(RequestServiceClient, address));
    this.#world = world;
    this.#last = last;
  }

  async run(count: number): Promise<void> {
    for (let round = 0; round < count; round++) {
      await this.#promoteNext();
      for (let read = 0; read < readsPerRound; read++) await this.#readAll();
    }
  }

  /** What each kind of read took, the work of the rounds beside it. */
  latencyMs() {
    return Object.fromEntries(
      [...this.#times].map(([name, times]) => [name, percentilesOf(times)]),
    );
  }

  /** @returns seconds */
  async report(): Promise<number> {
    const sinceMs = performance.now();
    await this.#request.getReport({
      year: new Date().getUTCFullYear(),
      modelKey: '',
      regulation: 0,
    });
    return Number(((performance.now() - sinceMs) / 1000).toFixed(2));
  }

  /** A request that was taken in with the last version is withdrawn. @returns milliseconds */
  async cancel(): Promise<number> {
    const next = this.#last + 1;
    const [requestId = ''] = this.#world.requestIds(next);
    await this.#bus.publish(this.#world.acceptedEvents(next));
    await this.#until(async () => {
      await this.#registry.getRequest({ requestId, emitter: 'shop' });
      return true;
    });
    const sinceMs = performance.now();
    await this.#request.cancelRequest({ requestId, emitter: 'shop', reason: 'a bench' });
    return Math.round(performance.now() - sinceMs);
  }

  async #promoteNext(): Promise<void> {
    const sequence = this.#last + 1;
    const accepted = this.#world.acceptedEvents(sequence);
    this.requests += accepted.length;
    await this.#bus.publish(accepted);
    await this.#lineage.blobs.put(this.#world.weights(sequence));
    const manifest = await this.#lineage.commitManifest(this.#world.manifest(sequence));
    const verdict = this.#world.verdict(sequence, manifest.digest);
    const { digest } = await this.#lineage.putVerdict(verdict);
    await this.#bus.publish([this.#world.verdictEvent(sequence, manifest.digest, digest)]);
    await this.#until(
      async () => (await this.#registry.getServing({ modelKey })).sequence === sequence,
    );
    this.#last = sequence;
  }

  async #readAll(): Promise<void> {
    const sequence = Math.floor(1 + Math.random() * this.#last);
    const [requestId = ''] = this.#world.requestIds(sequence);
    const time = this.#world.timeOf(sequence);
    const reads = {
      getServing: () => this.#registry.getServing({ modelKey }),
      getServingAt: () => this.#release.getServingAt({ modelKey, time }),
      getRequest: () => this.#registry.getRequest({ requestId, emitter: 'shop' }),
      listVersions: () =>
        this.#release.listVersions({ modelKey, beforeSequence: sequence, limit: 5 }),
    };
    for (const [name, read] of Object.entries(reads)) {
      const sinceMs = performance.now();
      await read();
      const times = this.#times.get(name) ?? [];
      times.push(performance.now() - sinceMs);
      this.#times.set(name, times);
      this.calls += 1;
    }
  }

  async #until(isDone: () => Promise<boolean>): Promise<void> {
    while (!(await isDone().catch(() => false))) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack[Symbol.asyncDispose]();
  }
}
