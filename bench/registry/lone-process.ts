import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { cpuSecondsOf, statusMiB } from '../process-usage.ts';

/** MiB, after collecting garbage; the peak is since the last time. */
export interface MemoryReading {
  readonly rssMiB: number;
  readonly heapMiB: number;
  /** Outside of the heap: buffers. */
  readonly externalMiB: number;
  readonly peakMiB: number;
}

const mebibyte = 2 ** 20;
const quiet = '--disable-warning=ExperimentalWarning';

/** A program in a process of its own that tells what memory it holds. */
export class LoneProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  #log = '';

  /** @param file below the repository */
  constructor(file: string, argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const tell = fileURLToPath(new URL('./tell-memory.ts', import.meta.url));
    this.#child = fork(fileURLToPath(new URL(`../../${file}`, import.meta.url)), argv, {
      execArgv: [quiet, '--expose-gc', '--import', tell],
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#exited = once(this.#child, 'exit');
    this.#child.stderr?.on('data', (chunk) => {
      this.#log += chunk;
    });
  }

  /** What its standard error says that matches. @throws when it ends before */
  async says(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = pattern.exec(this.#log);
      if (found !== null) return found[1] ?? found[0];
      if (this.#child.exitCode !== null) throw new Error(`it ended: ${this.#log}`);
      await sleep(10);
    }
  }

  /** Until it has done nothing to speak of for two seconds. */
  async idle(): Promise<void> {
    for (let still = 0; still < 2; ) {
      const before = cpuSecondsOf(this.#child.pid!);
      await sleep(1_000);
      still = cpuSecondsOf(this.#child.pid!) - before < 0.1 ? still + 1 : 0;
    }
  }

  async memory(): Promise<MemoryReading> {
    const peakMiB = statusMiB(this.#child.pid!, 'VmHWM');
    this.#child.send('memory');
    const [usage] = (await once(this.#child, 'message')) as [NodeJS.MemoryUsage];
    const mib = (bytes: number) => Math.round((10 * bytes) / mebibyte) / 10;
    return {
      rssMiB: mib(usage.rss),
      heapMiB: mib(usage.heapUsed),
      externalMiB: mib(usage.external),
      peakMiB: Math.round(peakMiB),
    };
  }

  /** When it has ended by itself: what it said on standard error. @throws that, when it failed */
  async ended(): Promise<string> {
    await this.#exited;
    if (this.#child.exitCode !== 0) throw new Error(this.#log);
    return this.#log;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.pid !== undefined && this.#child.exitCode === null) this.#child.kill('SIGTERM');
    await this.#exited;
  }
}
