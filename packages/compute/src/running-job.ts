import { LetheError } from '@lethe/contracts';
import type { ChildExit, ChildHandle, DeathReason } from './child-handle.ts';
import type { Report } from './compute-messages.ts';
import { processUsage } from './process-usage.ts';
import { Stillness } from './stillness.ts';
import { unpackError } from './transferred-error.ts';

export interface JobLimits {
  /** A job that reports no progress for so long is taken for stuck and killed. */
  readonly silenceLimitMs: number | undefined;
  /** A job that neither reports progress nor uses processor time for so long is stuck; Linux only. */
  readonly stallLimitMs: number | undefined;
  readonly memoryLimitMiB: number | undefined;
  /** How long a cancelled job may take to stop before its process is killed. */
  readonly cancelGraceMs: number;
}

export interface JobOptions<Progress> {
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const usageCheckMs = 500;

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
  readonly #stillness: Stillness | undefined;
  #cancelled = false;
  /** What is found out from now on, say about its memory, concerns the job no more. */
  #isOver = false;

  constructor(child: ChildHandle, limits: JobLimits, options: JobOptions<Progress>) {
    this.#child = child;
    this.#limits = limits;
    this.#onProgress = options.onProgress;
    this.#signal = options.signal;
    const { stallLimitMs } = limits;
    this.#stillness = stallLimitMs === undefined ? undefined : new Stillness(stallLimitMs);
  }

  async run(moduleUrl: string, input: unknown): Promise<Output> {
    const cancel = () => this.#cancel();
    const usage = setInterval(() => void this.#checkUsage(), usageCheckMs);
    this.#signal?.addEventListener('abort', cancel, { once: true });
    this.#restartSilence();
    try {
      return await Promise.race([this.#outcome(moduleUrl, input), this.#death()]);
    } finally {
      this.#isOver = true;
      this.#child.listen(() => undefined);
      this.#signal?.removeEventListener('abort', cancel);
      clearInterval(usage);
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
        this.#stillness?.stir();
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
      this.#kill(LetheError.from(thrown), undefined);
    }
  }

  async #death(): Promise<never> {
    const exit = await this.#child.exited;
    throw this.#verdict ?? describeDeath(exit);
  }

  #cancel(): void {
    this.#cancelled = true;
    this.#child.send({ kind: 'cancel' });
    this.#grace = setTimeout(
      () => this.#kill(jobCancelled(), undefined),
      this.#limits.cancelGraceMs,
    );
  }

  #restartSilence(): void {
    const { silenceLimitMs } = this.#limits;
    if (silenceLimitMs === undefined) return;
    clearTimeout(this.#silence);
    const message = `The job has reported nothing for ${silenceLimitMs / 1000} s: its process was stopped; if it was only slow, raise silenceLimitMs`;
    this.#silence = setTimeout(
      () => this.#kill(new LetheError('unavailable', message), 'silent'),
      silenceLimitMs,
    );
  }

  async #checkUsage(): Promise<void> {
    const { memoryLimitMiB, stallLimitMs } = this.#limits;
    if ((memoryLimitMiB ?? stallLimitMs) === undefined || this.#child.pid === undefined) return;
    const usage = await processUsage(this.#child.pid);
    if (usage === undefined) return;
    const usedMiB = usage.residentBytes / mebibyte;
    if (memoryLimitMiB !== undefined && usedMiB > memoryLimitMiB) {
      const message = `The job uses ${Math.round(usedMiB)} MiB of memory and may use ${memoryLimitMiB}: its process was stopped; use smaller batches or raise memoryLimitMiB`;
      this.#kill(new LetheError('capacity', message), 'memory');
    }
    if (stallLimitMs !== undefined && this.#stillness?.look(usage, performance.now())) {
      const message = `The job has used no processor time for ${stallLimitMs / 1000} s: its process was stuck and was stopped`;
      this.#kill(new LetheError('unavailable', message), 'stalled');
    }
  }

  #kill(verdict: LetheError, reason: DeathReason | undefined): void {
    if (this.#isOver) return;
    this.#verdict ??= verdict;
    this.#child.kill(reason);
  }
}

const mebibyte = 1024 * 1024;

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
