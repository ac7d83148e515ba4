/** Looking may take this share of the time at most. */
const longestShare = 1 / 20;

/**
 * A value that takes work to know, for gauges: whoever asks gets the last one at once, and when that
 * has grown old it is looked up anew behind their back. While nobody asks nothing is looked up, and
 * where looking takes long it is done less often.
 */
export class RefreshedValue<T> implements AsyncDisposable {
  readonly #read: (signal: AbortSignal) => Promise<T>;
  readonly #maxAgeMs: number;
  readonly #closing = new AbortController();
  #value: T;
  #oldFromMs = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | undefined;

  /** @param read may throw: then the last value stays until the next time */
  constructor(options: {
    readonly initial: T;
    readonly read: (signal: AbortSignal) => Promise<T>;
    readonly maxAgeMs: number;
  }) {
    this.#value = options.initial;
    this.#read = options.read;
    this.#maxAgeMs = options.maxAgeMs;
  }

  get current(): T {
    if (performance.now() >= this.#oldFromMs && !this.#closing.signal.aborted) void this.refresh();
    return this.#value;
  }

  /** Settles when a look that begins now, or is under way, has ended. */
  refresh(): Promise<void> {
    this.#running ??= this.#refresh();
    return this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #refresh(): Promise<void> {
    const startedMs = performance.now();
    try {
      this.#value = await this.#read(this.#closing.signal);
    } catch {
      // What cannot be looked up is told by whoever works with it; a gauge only grows older.
    } finally {
      const nowMs = performance.now();
      this.#oldFromMs = nowMs + Math.max(this.#maxAgeMs, (nowMs - startedMs) / longestShare);
      this.#running = undefined;
    }
  }
}
