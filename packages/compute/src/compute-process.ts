/**
 * A process for computing, away from the event loop that keeps heartbeats and answers calls.
 *
 * Invariants
 * 1. One job at a time, in the order of the calls.
 * 2. A call settles exactly once, and when it rejects nothing of its job computes on.
 * 3. The child is started when first needed and stays warm, with its backend open, until it
 *    dies or this object is disposed of. The call after a death starts a new one.
 * 4. A child never outlives its parent.
 */
import { LetheError } from '@lethe/contracts';
import type { Backend, BackendOptions } from './backend.ts';
import { ChildHandle, type DeathReason } from './child-handle.ts';
import { type ProcessUsage, processUsage } from './process-usage.ts';
import {
  describeDeath,
  type JobLimits,
  type JobOptions,
  jobCancelled,
  RunningJob,
} from './running-job.ts';
import { unpackError } from './transferred-error.ts';

export interface ComputeProcessOptions extends Partial<JobLimits> {
  /** What the child opens; default: the best there is. */
  readonly backend?: BackendOptions;
  /** Hears of a child that died, or was stopped for being stuck or too big. */
  readonly onDeath?: (reason: DeathReason) => void;
}

/** A child that has not opened its backend by then never will. */
const openLimitMs = 300_000;

interface OpenChild {
  readonly handle: ChildHandle;
  readonly backend: Backend;
}

export class ComputeProcess implements AsyncDisposable {
  #options: ComputeProcessOptions;
  #limits: JobLimits;
  #child: Promise<OpenChild> | undefined;
  #processId: number | undefined;
  /** Settles when the last call so far has. */
  #queue: Promise<unknown> = Promise.resolve();
  #disposal = new AbortController();

  constructor(options: ComputeProcessOptions = {}) {
    this.#options = options;
    this.#limits = {
      silenceLimitMs: options.silenceLimitMs,
      stallLimitMs: options.stallLimitMs,
      memoryLimitMiB: options.memoryLimitMiB,
      cancelGraceMs: options.cancelGraceMs ?? 5000,
    };
  }

  /**
   * Starts the child if there is none, and tells what it computes with.
   *
   * @throws LetheError `precondition` when no such backend can be opened
   */
  async backend(): Promise<Backend> {
    this.#refuseWhenDisposed();
    return (await this.#open()).backend;
  }

  /** What the child uses, where one runs and the system tells. */
  async usage(): Promise<ProcessUsage | undefined> {
    return this.#processId === undefined ? undefined : processUsage(this.#processId);
  }

  /**
   * Runs the job of a module (see JobFunction) after the ones before it.
   *
   * @param moduleUrl absolute URL of a module that exports `run`
   * @param input cloned into the child: plain data and typed arrays
   * @throws LetheError what the job threw, with code and violations; `cancelled`;
   *   `unavailable` when its process died or fell silent; `capacity` beyond the memory limit
   */
  async run<Input, Output, Progress = never>(
    moduleUrl: string | URL,
    input: Input,
    options: JobOptions<Progress> = {},
  ): Promise<Output> {
    this.#refuseWhenDisposed();
    refuseUnlessAbsolute(moduleUrl);
    const signal = AbortSignal.any([
      this.#disposal.signal,
      ...(options.signal === undefined ? [] : [options.signal]),
    ]);
    if (signal.aborted) throw jobCancelled();
    const work = () =>
      this.#runNow<Output, Progress>(String(moduleUrl), input, { ...options, signal });
    return this.#enqueue(work, signal);
  }

  /** Cancels what runs and waits, and stops the child. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposal.abort();
    await this.#queue;
    const child = await this.#child?.catch(() => undefined);
    await child?.handle.close(this.#limits.cancelGraceMs);
  }

  /** A call cancelled while it waits need not wait for its turn. */
  #enqueue<Output>(work: () => Promise<Output>, signal: AbortSignal): Promise<Output> {
    let waiting = true;
    const turn = this.#queue.then(() => {
      waiting = false;
      if (signal.aborted) throw jobCancelled();
      return work();
    });
    this.#queue = turn.catch(() => undefined);
    const cancelledWhileWaiting = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => waiting && reject(jobCancelled()), { once: true });
    });
    return Promise.race([turn, cancelledWhileWaiting]);
  }

  async #runNow<Output, Progress>(
    moduleUrl: string,
    input: unknown,
    options: JobOptions<Progress>,
  ): Promise<Output> {
    const { handle } = await this.#open();
    if (options.signal?.aborted) throw jobCancelled();
    handle.keepAlive(true);
    try {
      const job = new RunningJob<Output, Progress>(handle, this.#limits, options);
      return await job.run(moduleUrl, input);
    } finally {
      handle.keepAlive(false);
    }
  }

  #open(): Promise<OpenChild> {
    this.#child ??= this.#start();
    return this.#child;
  }

  async #start(): Promise<OpenChild> {
    const handle = new ChildHandle(this.#options.backend ?? {}, this.#limits.memoryLimitMiB);
    this.#processId = handle.pid;
    const forget = () => {
      this.#child = undefined;
      this.#processId = undefined;
    };
    const death = handle.exited.then((exit) => {
      forget();
      if (handle.deathReason !== undefined) this.#options.onDeath?.(handle.deathReason);
      throw describeDeath(exit);
    });
    const opened = new Promise<Backend>((resolve, reject) => {
      handle.listen((report) => {
        if (report.kind === 'opened') resolve(report.backend);
        if (report.kind === 'failed') reject(unpackError(report.error));
      });
    });
    death.catch(() => undefined);
    const opening = setTimeout(() => handle.kill('opening'), openLimitMs);
    try {
      const backend = await Promise.race([opened, death]);
      handle.keepAlive(false);
      return { handle, backend };
    } catch (thrown) {
      forget();
      handle.kill();
      throw thrown;
    } finally {
      clearTimeout(opening);
    }
  }

  #refuseWhenDisposed(): void {
    if (!this.#disposal.signal.aborted) return;
    throw new LetheError('precondition', 'The compute process has been shut down');
  }
}

function refuseUnlessAbsolute(moduleUrl: string | URL): void {
  if (URL.canParse(String(moduleUrl))) return;
  throw LetheError.invalid(
    'moduleUrl',
    String(moduleUrl),
    'it is not an absolute URL',
    "Use new URL('./job.js', import.meta.url).",
  );
}
