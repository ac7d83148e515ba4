import { LetheError } from '@lethe/contracts';
import type { ChildExit, ChildHandle } from './child-handle.ts';
import type { Report } from './compute-messages.ts';
import { residentMiB } from './resident-memory.ts';
import { unpackError } from './transferred-error.ts';

export interface JobLimits {
  /** A job that reports no progress for so long is taken for stuck and killed. */
  readonly silenceLimitMs: number | undefined;
  readonly memoryLimitMiB: number | undefined;
  /** How long a cancelled job may take to stop before its process is killed. */
  readonly cancelGraceMs: number;
}

export interface JobOptions<Progress> {
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const memoryCheckMs = 500;

/**
 * One job on one child, from its start to its one outcome. A job that is cut short (watchdog,
 * memory, a cancellation not heard) takes its process with it; `run` then rejects once the
 * process is gone, so that nothing of it computes on.
 */
export class RunningJob<Output, Progress> {
  #child: ChildHandle;
  #limits: JobLimits;
  #onProgress: ((progress: Progress) => void) | undefined;
  #signal: AbortSignal | undefined;
  /** Why the child was killed by us; its exit then is no surprise. */
  #verdict: LetheError | undefined;
  #silence: NodeJS.Timeout | undefined;
  #grace: NodeJS.Timeout | undefined;
  #cancelled = false;

  constructor(child: ChildHandle, limits: JobLimits, options: JobOptions<Progress>) {
    this.#child = child;
    this.#limits = limits;
    this.#onProgress = options.onProgress;
    this.#signal = options.signal;
  }

  async run(moduleUrl: string, input: unknown): Promise<Output> {
    const cancel = () => this.#cancel();
    const memory = setInterval(() => void this.#checkMemory(), memoryCheckMs);
    this.#signal?.addEventListener('abort', cancel, { once: true });
    this.#restartSilence();
    try {
      return await Promise.race([this.#outcome(moduleUrl, input), this.#death()]);
    } finally {
      this.#child.listen(() => undefined);
      this.#signal?.removeEventListener('abort', cancel);
      clearInterval(memory);
      clearTimeout(this.#silence);
      clearTimeout(this.#grace);
    }
  }

  #outcome(moduleUrl: string, input: unknown): Promise<Output> {
    return new Promise((resolve, reject) => {
      this.#child.listen((report) => this.#take(report, resolve, reject));
      this.#child.send({ kind: 'run', moduleUrl, input });
      if (this.#signal?.aborted) this.#cancel();
    });
  }

  #take(report: Report, resolve: (output: Output) => void, reject: (error: LetheError) => void) {
    switch (report.kind) {
      case 'opened':
        return;
      case 'progress':
        this.#restartSilence();
        return this.#passOn(report.progress as Progress);
      case 'done':
        return this.#cancelled ? reject(jobCancelled()) : resolve(report.output as Output);
      case 'failed':
        return reject(this.#cancelled ? jobCancelled() : unpackError(report.error));
      default:
        report satisfies never;
    }
  }

  #passOn(progress: Progress): void {
    try {
      this.#onProgress?.(progress);
    } catch (thrown) {
      this.#kill(LetheError.from(thrown));
    }
  }

  async #death(): Promise<never> {
    const exit = await this.#child.exited;
    throw this.#verdict ?? describeDeath(exit);
  }

  #cancel(): void {
    this.#cancelled = true;
    this.#child.send({ kind: 'cancel' });
    this.#grace = setTimeout(() => this.#kill(jobCancelled()), this.#limits.cancelGraceMs);
  }

  #restartSilence(): void {
    const { silenceLimitMs } = this.#limits;
    if (silenceLimitMs === undefined) return;
    clearTimeout(this.#silence);
    const message = `The job has reported nothing for ${silenceLimitMs / 1000} s: its process was stopped; if it was only slow, raise silenceLimitMs`;
    this.#silence = setTimeout(
      () => this.#kill(new LetheError('unavailable', message)),
      silenceLimitMs,
    );
  }

  async #checkMemory(): Promise<void> {
    const limit = this.#limits.memoryLimitMiB;
    if (limit === undefined || this.#child.pid === undefined) return;
    const used = await residentMiB(this.#child.pid);
    if (used === undefined || used <= limit) return;
    const message = `The job uses ${Math.round(used)} MiB of memory and may use ${limit}: its process was stopped; use smaller batches or raise memoryLimitMiB`;
    this.#kill(new LetheError('capacity', message));
  }

  #kill(verdict: LetheError): void {
    this.#verdict ??= verdict;
    this.#child.kill();
  }
}

export function jobCancelled(): LetheError {
  return new LetheError('cancelled', 'The job was cancelled');
}

export function describeDeath({ code, signal, lastWords }: ChildExit): LetheError {
  const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
  const words = lastWords === '' ? 'it printed nothing' : `its last words: ${lastWords}`;
  return /heap out of memory/i.test(lastWords)
    ? new LetheError('capacity', `The compute process ran out of memory (${how}); ${words}`)
    : new LetheError('unavailable', `The compute process died (${how}); ${words}`);
}
