import type { RoundProgress } from '@lethe/contracts';

/**
 * What every model is at right now, for whoever watches.
 *
 * A watcher that is slower than the news gets the newest per model and misses the rest:
 * memory is one entry per model and watcher.
 */
export class ProgressBoard {
  readonly #present = new Map<string, RoundProgress>();
  readonly #watchers = new Set<Watcher>();

  publish(progress: RoundProgress): void {
    this.#present.set(progress.modelKey, progress);
    for (const watcher of this.#watchers) watcher.tell(progress);
  }

  /** A model that this process no longer looks after. */
  remove(modelKey: string): void {
    this.#present.delete(modelKey);
  }

  /** What every model of this process is at. */
  all(): readonly RoundProgress[] {
    return [...this.#present.values()];
  }

  present(modelKey: string): RoundProgress | undefined {
    return this.#present.get(modelKey);
  }

  /**
   * Why nothing gets on: every model that has something to do is blocked. While others work on,
   * a blocked model is told by its progress alone.
   */
  standstill(): string | undefined {
    const busy = [...this.#present.values()].filter(({ phase }) => phase !== 'idle');
    if (busy.length === 0 || busy.some(({ phase }) => phase !== 'blocked')) return undefined;
    return busy.map(({ modelKey, reason }) => `${modelKey}: ${reason}`).join('; ');
  }

  /** The present state first, then what changes, until `signal` aborts. An empty key: every model. */
  async *watch(modelKey: string, signal: AbortSignal): AsyncGenerator<RoundProgress> {
    const watcher = new Watcher(modelKey, signal);
    for (const progress of this.#present.values()) watcher.tell(progress);
    this.#watchers.add(watcher);
    try {
      yield* watcher.news();
    } finally {
      this.#watchers.delete(watcher);
    }
  }
}

class Watcher {
  readonly #modelKey: string;
  readonly #signal: AbortSignal;
  readonly #untold = new Map<string, RoundProgress>();
  #wake: (() => void) | undefined;

  constructor(modelKey: string, signal: AbortSignal) {
    this.#modelKey = modelKey;
    this.#signal = signal;
  }

  tell(progress: RoundProgress): void {
    if (this.#modelKey !== '' && this.#modelKey !== progress.modelKey) return;
    this.#untold.set(progress.modelKey, progress);
    this.#wake?.();
  }

  async *news(): AsyncGenerator<RoundProgress> {
    const stop = () => this.#wake?.();
    this.#signal.addEventListener('abort', stop, { once: true });
    try {
      while (!this.#signal.aborted) {
        const [progress] = this.#untold.values();
        if (progress === undefined) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        } else {
          this.#untold.delete(progress.modelKey);
          yield progress;
        }
      }
    } finally {
      this.#signal.removeEventListener('abort', stop);
    }
  }
}
