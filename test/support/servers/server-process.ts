import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endWithOwner } from './end-with-owner.ts';

export interface ServerCommand {
  /** For messages: `kafka broker 2`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Everything it prints is added to this file. */
  readonly logFile?: string;
  /** Where it runs. */
  readonly folder: string;
  /** Removed when the process that started the server dies without stopping it. Default: `folder`. */
  readonly leftover?: string;
  /** Whether the server answers by now; asked again and again, with all it has printed so far. */
  readonly isReady: (output: string) => boolean | Promise<boolean>;
  /** A busy machine is no failure. Default two minutes. */
  readonly readyWithinMs?: number;
}

/**
 * A server in a process of its own, which can be killed, paused and started again on the same
 * data.
 *
 * It never outlives the process that started it, however that ended; its folder goes with it.
 */
export class ServerProcess implements AsyncDisposable {
  readonly #command: ServerCommand;
  #child: ChildProcess | undefined;
  #output = '';
  #ending: number | NodeJS.Signals | undefined;
  /** Settles when `#output` holds the last that it said before it ended. */
  #drained: Promise<unknown> = Promise.resolve();

  private constructor(command: ServerCommand) {
    this.#command = command;
  }

  /** Starts it and waits until it is ready. */
  static async start(command: ServerCommand): Promise<ServerProcess> {
    const server = new ServerProcess(command);
    await server.restart();
    return server;
  }

  get name(): string {
    return this.#command.name;
  }

  /** Undefined while it does not run. */
  get processId(): number | undefined {
    return this.#child?.pid;
  }

  /** How its last life ended: exit code or signal. */
  get ending(): number | NodeJS.Signals | undefined {
    return this.#ending;
  }

  /** The last of what it printed since it was started. */
  output(): string {
    return this.#output;
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** SIGTERM, and `kill -9` when it does not end within 20 s. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    child.kill('SIGCONT');
    const late = setTimeout(() => child.kill('SIGKILL'), 20_000);
    await this.#end('SIGTERM');
    clearTimeout(late);
  }

  /** SIGSTOP: connections stay open, nothing is answered once the promise has resolved. */
  async pause(): Promise<void> {
    const child = this.#child;
    child?.kill('SIGSTOP');
    // The signal is only sent by then; it stands still when all of its threads do.
    while (child !== undefined && this.#child === child && !isStopped(child.pid)) await sleep(5);
  }

  /** SIGCONT. */
  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Starts it again on the same data, port and settings; ready when the promise resolves. */
  async restart(): Promise<void> {
    await this.kill();
    const { command, args, env, folder, leftover = folder, name, logFile } = this.#command;
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
      cwd: folder,
      // Ctrl-C in a terminal goes to its owner only, which decides.
      detached: true,
    });
    this.#child = child;
    this.#output = '';
    const keep = (chunk: Buffer) => {
      this.#output = (this.#output + chunk).slice(-200_000);
      if (logFile !== undefined) appendFileSync(logFile, chunk);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const failed = once(child, 'error').then(([error]) => {
      throw new Error(`${name} cannot be started: ${(error as Error).message}`);
    });
    endWithOwner(child, { leftover });
    this.#drained = drained(child);
    child.once('exit', (code, signal) => {
      this.#ending = code ?? signal ?? undefined;
      if (this.#child === child) this.#child = undefined;
    });
    await Promise.race([this.#ready(child), failed]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
    await this.#drained;
  }

  async #ready(child: ChildProcess): Promise<void> {
    const { name, isReady, readyWithinMs = 120_000 } = this.#command;
    const deadline = performance.now() + readyWithinMs;
    while (!(await isReady(this.#output))) {
      if (child.exitCode !== null || child.signalCode !== null) {
        await this.#drained;
        throw new Error(`${name} ended (${child.exitCode ?? child.signalCode}):\n${this.#tail()}`);
      }
      if (performance.now() > deadline) {
        await this.kill();
        throw new Error(`${name} is not ready after ${readyWithinMs / 1000} s:\n${this.#tail()}`);
      }
      await sleep(50);
    }
  }

  #tail(): string {
    return this.#output.split('\n').slice(-30).join('\n');
  }
}

/**
 * What a child said last is in its pipes still when it has ended. Whoever else holds them is not
 * waited for.
 */
async function drained(child: ChildProcess): Promise<void> {
  const closed = new Promise((resolve) => child.once('close', resolve));
  await new Promise((resolve) => child.once('exit', resolve));
  await Promise.race([closed, sleep(1_000)]);
}

/** Whether every thread of a process stands still; without /proc, that it was told to is enough. */
function isStopped(processId: number | undefined): boolean {
  const tasks = `/proc/${processId}/task`;
  try {
    return readdirSync(tasks).every((task) =>
      /^State:\s+[TZ]/m.test(readFileSync(join(tasks, task, 'status'), 'utf8')),
    );
  } catch {
    return true;
  }
}
