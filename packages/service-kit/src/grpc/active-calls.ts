import { LetheError } from '@lethe/contracts';
import { measure } from '@lethe/telemetry';
import type { Log } from '../log/log.ts';
import { type CallGuard, type Rpc, reportRefusal } from '../security/call-guard.ts';
import type { Credentials } from '../security/identify.ts';
import type { Identity } from '../security/identity.ts';
import type { CallRunner } from './open-call.ts';

/** The calls under way on one server: what a drain waits for. */
export class ActiveCalls implements CallRunner {
  readonly defaultDeadlineMs: number;
  readonly #log: Log;
  readonly #guard: CallGuard;
  readonly #closing = new AbortController();
  readonly #draining = new AbortController();
  readonly #active = new Set<Promise<void>>();

  constructor(log: Log, guard: CallGuard, defaultDeadlineMs: number) {
    this.#log = log;
    this.#guard = guard;
    this.defaultDeadlineMs = defaultDeadlineMs;
  }

  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  get draining(): AbortSignal {
    return this.#draining.signal;
  }

  async admit(rpc: Rpc, shown: Credentials): Promise<Identity> {
    return await this.#guard.admit(rpc, shown);
  }

  run(method: string, work: () => Promise<void>): void {
    const startedMs = performance.now();
    const call = work().then(
      () => this.#ended(method, 'ok', startedMs),
      (thrown) => this.#ended(method, LetheError.from(thrown).code, startedMs, thrown),
    );
    this.#active.add(call);
    void call.finally(() => this.#active.delete(call));
  }

  /** Resolves when no call is active, or after `withinMs`. */
  async idle(withinMs: number): Promise<void> {
    const timedOut = new Promise<void>((resolve) => setTimeout(resolve, withinMs).unref());
    await Promise.race([Promise.all(this.#active), timedOut]);
  }

  stopStreams(): void {
    this.#draining.abort();
  }

  stopAll(): void {
    this.#closing.abort();
  }

  #ended(method: string, code: string, startedMs: number, error?: unknown): void {
    if (error !== undefined) reportRefusal(this.#log, method, LetheError.from(error));
    const ms = performance.now() - startedMs;
    measure('rpc.server.call.duration', ms / 1000, {
      'rpc.method': method.slice(1),
      outcome: code,
    });
    const fields = { method, code, ms: Math.round(ms) };
    if (code === 'internal' || code === 'corrupt') {
      this.#log.error('call failed', { ...fields, error });
    } else {
      this.#log.debug('call ended', fields);
    }
  }
}
