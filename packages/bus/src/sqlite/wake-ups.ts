/** Node fires a timer of more than this at once. */
const longestTimerMs = 2 ** 31 - 1;

/** Readers that wait for records, by log. */
export class WakeUps {
  readonly #sleepers = new Map<number, Set<() => void>>();

  /** Resolves when the log was written to, when `signal` aborts, or after `waitMs` (24 days at most). */
  wait(logId: number, waitMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted || waitMs <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const sleepers = this.#sleepers.get(logId) ?? new Set();
      this.#sleepers.set(logId, sleepers);
      const wake = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        sleepers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, Math.min(waitMs, longestTimerMs));
      signal.addEventListener('abort', wake);
      sleepers.add(wake);
    });
  }

  wake(logIds: Iterable<number>): void {
    for (const logId of logIds) for (const wake of [...(this.#sleepers.get(logId) ?? [])]) wake();
  }

  wakeAll(): void {
    this.wake(this.#sleepers.keys());
  }
}
