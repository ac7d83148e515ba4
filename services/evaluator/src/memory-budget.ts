interface Waiting {
  readonly bytes: number;
  readonly start: () => void;
}

/**
 * Lets work start only while what runs fits into a bound, in the order it came, so that a big
 * evaluation is not overtaken for ever. What alone needs more than the bound runs alone.
 */
export class MemoryBudget {
  readonly #capacityBytes: number;
  #usedBytes = 0;
  #waiting: Waiting[] = [];

  constructor(capacityBytes: number) {
    this.#capacityBytes = capacityBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Waits for room; disposing of the result gives it back. @throws the signal's reason */
  async reserve(wanted: number, signal?: AbortSignal): Promise<Disposable> {
    const bytes = Math.min(wanted, this.#capacityBytes);
    signal?.throwIfAborted();
    await new Promise<void>((start, reject) => {
      const waiting = { bytes, start };
      this.#waiting.push(waiting);
      signal?.addEventListener(
        'abort',
        () => {
          if (!this.#waiting.includes(waiting)) return;
          this.#waiting = this.#waiting.filter((other) => other !== waiting);
          reject(signal.reason);
          this.#startWhatFits();
        },
        { once: true },
      );
      this.#startWhatFits();
    });
    return {
      [Symbol.dispose]: () => {
        this.#usedBytes -= bytes;
        this.#startWhatFits();
      },
    };
  }

  #startWhatFits(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#usedBytes + next.bytes > this.#capacityBytes) return;
      this.#waiting.shift();
      this.#usedBytes += next.bytes;
      next.start();
    }
  }
}
