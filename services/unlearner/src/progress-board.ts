import type { RoundProgress } from '@lethe/contracts';
import { WorkWatch } from '@lethe/service-kit';

/** In these a model gets on by itself; in the others it waits for time or for somebody else. */
const workPhases: ReadonlySet<string> = new Set(['computing', 'uploading']);

/**
 * What every model is at right now, for whoever watches.
 *
 * A watcher that is slower than the news gets the newest per model and misses the rest:
 * memory is one entry per model and watcher.
 */
export class ProgressBoard implements Disposable {
  readonly #present = new Map<string, RoundProgress>();
  readonly #watchers = new Set<Watcher>();
  readonly #rounds: WorkWatch;

  /** @param stuckAfterMs when nothing of any round has moved for so long, this process is stuck */
  constructor(stuckAfterMs: number) {
    this.#rounds = new WorkWatch('computing rounds', stuckAfterMs);
  }

  [Symbol.dispose](): void {
    this.#rounds[Symbol.dispose]();
  }

  publish(progress: RoundProgress): void {
    this.#follow(this.#present.get(progress.modelKey), progress);
    this.#present.set(progress.modelKey, progress);
    for (const watcher of this.#watchers) watcher.tell(progress);
  }

  /** A model that this process no longer looks after. */
  remove(modelKey: string): void {
    this.#follow(this.#present.get(modelKey), undefined);
    this.#present.delete(modelKey);
  }

  /** What every model of this process is at. */
  all(): readonly RoundProgress[] {
    return [...this.#present.values()];
  }

  #follow(before: RoundProgress | undefined, now: RoundProgress | undefined): void {
    const wasAtWork = before !== undefined && workPhases.has(before.phase);
    const isAtWork = now !== undefined && workPhases.has(now.phase);
    if (isAtWork && !wasAtWork) this.#rounds.begin();
    else if (wasAtWork && !isAtWork) this.#rounds.end();
    else if (isAtWork) this.#rounds.beat();
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
