import type { Change } from '@lethe/console';

interface Listener {
  readonly waiting: Map<string, Change>;
  wake: () => void;
}

/** Changes that come within this time are told together: a thousand statuses are one change. */
const gatherMs = 100;

/** Tells whoever watches that something is no longer as it was; what it is now they ask for. */
export class ChangeFeed {
  readonly #listeners = new Set<Listener>();

  announce(change: Change): void {
    for (const listener of this.#listeners) {
      listener.waiting.set(JSON.stringify(change), change);
      listener.wake();
    }
  }

  /** What changes from now on, until `signal` aborts; empty after `idleMs` without a change. */
  async *watch(signal: AbortSignal, idleMs: number): AsyncGenerator<readonly Change[]> {
    const listener: Listener = { waiting: new Map(), wake: () => {} };
    this.#listeners.add(listener);
    try {
      while (!signal.aborted) {
        if (listener.waiting.size === 0) await pause(idleMs, signal, listener);
        if (listener.waiting.size > 0) await pause(gatherMs, signal);
        const changes = [...listener.waiting.values()];
        listener.waiting.clear();
        if (!signal.aborted) yield changes;
      }
    } finally {
      this.#listeners.delete(listener);
    }
  }
}

function pause(ms: number, signal: AbortSignal, listener?: Listener): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      if (listener !== undefined) listener.wake = () => {};
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
    if (listener !== undefined) listener.wake = end;
    if (signal.aborted) end();
  });
}
