import type { Clock } from './clock.ts';

/** Lets one waiting loop be woken. A ring that nobody waited for is not lost. */
export class Doorbell {
  #rung = false;
  #answer: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#answer?.();
  }

  /**
   * Returns when the bell rings, when `ms` have passed (`undefined`: never), or when `signal`
   * aborts, whichever is first.
   */
  async wait(clock: Clock, ms: number | undefined, signal: AbortSignal): Promise<void> {
    if (!this.#rung && !signal.aborted) {
      const over = new AbortController();
      const rung = new Promise<void>((resolve) => {
        this.#answer = resolve;
        signal.addEventListener('abort', () => resolve(), { signal: over.signal });
      });
      const timeOver =
        ms === undefined ? [] : [clock.sleep(Math.max(0, ms), over.signal).catch(() => {})];
      await Promise.race([rung, ...timeOver]);
      over.abort();
      this.#answer = undefined;
    }
    this.#rung = false;
  }
}
