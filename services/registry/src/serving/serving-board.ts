import { LetheError, type ModelRegistration, type ServingPointer } from '@lethe/contracts';
import type { LineageStore, Serving } from '@lethe/lineage';
import type { Clock } from '@lethe/service-kit';
import { firstPointer } from '../domain/make-decision.ts';

interface Watcher {
  woken: boolean;
  wake: () => void;
}

/** Moves made by other processes are seen after this long. */
const pollMs = 1_000;

/** What serves: reads pointers, makes the first one of a model, and tells watchers of moves. */
export class ServingBoard {
  readonly #lineage: LineageStore;
  readonly #clock: Clock;
  /** Registrations never change. */
  readonly #registrations = new Map<string, ModelRegistration>();
  readonly #watchers = new Map<string, Set<Watcher>>();

  readonly #onMove: (modelKey: string) => void;

  /** @param onMove hears of moves made here */
  constructor(lineage: LineageStore, clock: Clock, onMove: (modelKey: string) => void = () => {}) {
    this.#lineage = lineage;
    this.#clock = clock;
    this.#onMove = onMove;
  }

  /** @throws LetheError `not_found` */
  async registration(modelKey: string): Promise<ModelRegistration> {
    const cached = this.#registrations.get(modelKey);
    if (cached !== undefined) return cached;
    const found = await this.#lineage.registration(modelKey);
    if (found === undefined) {
      throw new LetheError('not_found', `there is no model ${modelKey}. See lethe models.`);
    }
    this.#registrations.set(modelKey, found.record);
    return found.record;
  }

  /** What serves now; of a model that was just registered, the original. @throws `not_found` */
  async current(modelKey: string): Promise<Serving> {
    const found = await this.#lineage.serving(modelKey);
    if (found !== undefined) return found;
    const first = firstPointer(await this.registration(modelKey));
    const outcome = await this.#lineage.moveServing(first, undefined);
    if (outcome.kind === 'moved') {
      this.announce(modelKey);
      return { pointer: first, etag: outcome.etag };
    }
    const others = await this.#lineage.serving(modelKey);
    if (others !== undefined) return others;
    throw new LetheError('unavailable', `the serving pointer of ${modelKey} cannot be read`);
  }

  /** Wakes watchers: the pointer was moved here. */
  announce(modelKey: string): void {
    for (const watcher of this.#watchers.get(modelKey) ?? []) watcher.wake();
    this.#onMove(modelKey);
  }

  /**
   * The present pointer, then every move, in order and whoever made it, until `signal` aborts. With
   * `afterGeneration` it goes on from there instead: the moves that were missed come first.
   */
  async *watch(
    modelKey: string,
    afterGeneration: number,
    signal: AbortSignal,
  ): AsyncGenerator<ServingPointer> {
    const watcher: Watcher = { woken: false, wake: () => {} };
    const watchers = this.#watchers.get(modelKey) ?? new Set();
    this.#watchers.set(modelKey, watchers.add(watcher));
    try {
      let seen = afterGeneration;
      while (!signal.aborted) {
        watcher.woken = false;
        watcher.wake = () => {
          watcher.woken = true;
        };
        const { pointer } = await this.current(modelKey);
        const first = seen === 0 ? pointer.generation : seen + 1;
        for (let generation = first; generation < pointer.generation; generation++) {
          const move = await this.#lineage.move(modelKey, generation);
          if (move !== undefined) yield move;
        }
        if (pointer.generation > seen) {
          seen = pointer.generation;
          yield pointer;
        }
        if (!watcher.woken) await this.#pause(watcher, signal);
      }
    } finally {
      watchers.delete(watcher);
      if (watchers.size === 0) this.#watchers.delete(modelKey);
    }
  }

  /** Until the next move made here, or the next look at what others did. */
  async #pause(watcher: Watcher, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    watcher.wake = () => over.abort();
    const either = AbortSignal.any([signal, over.signal]);
    await this.#clock.sleep(pollMs, either).catch(() => {});
  }
}
