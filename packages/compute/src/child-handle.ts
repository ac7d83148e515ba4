import { type ChildProcess, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { LetheError } from '@lethe/contracts';
import type { BackendOptions } from './backend.ts';
import type { Command, Report } from './compute-messages.ts';

/** Resolved by name, so that it is the built file also when this one is run from source. */
const entry = createRequire(import.meta.url).resolve('@lethe/compute/child');

const tailLength = 4000;

/** Why a child that was wanted is gone. */
export type DeathReason = 'died' | 'stalled' | 'silent' | 'memory' | 'opening';

/** How a child ended. */
export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last it printed. */
  readonly lastWords: string;
}

/**
 * One compute child and its pipes. Owns the operating system's process; knows nothing of jobs.
 * While idle it does not keep this process alive.
 */
export class ChildHandle {
  readonly exited: Promise<ChildExit>;
  #child: ChildProcess;
  #tail = '';
  #listener: (report: Report) => void = () => undefined;
  #deathReason: DeathReason | undefined = 'died';

  constructor(backend: BackendOptions, heapLimitMiB: number | undefined) {
    this.#child = fork(entry, [], {
      serialization: 'advanced',
      execArgv: heapLimitMiB === undefined ? [] : [`--max-old-space-size=${heapLimitMiB}`],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const printed = [this.#child.stdout, this.#child.stderr].map((stream) => this.#read(stream!));
    this.exited = new Promise((resolve) => {
      const settle = async (code: number | null, signal: NodeJS.Signals | null) => {
        await Promise.all(printed);
        resolve({ code, signal, lastWords: this.#tail.trim() });
      };
      // Not `close`: it never comes after a disconnection from this side.
      this.#child.once('exit', settle);
      this.#child.once('error', ({ message }) => {
        this.#tail += message;
        if (this.#child.pid === undefined) void settle(null, null);
      });
    });
    this.#child.on('message', (report: Report) => this.#listener(report));
    this.send({ kind: 'open', backend });
  }

  /** Undefined when the process could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whoever has the child now gets its reports. */
  listen(listener: (report: Report) => void): void {
    this.#listener = listener;
  }

  /** @throws LetheError `invalid` when a part of the command cannot be cloned. */
  send(command: Command): void {
    if (!this.#child.connected) return;
    try {
      // A pipe that breaks while we write means that the child died: `exited` tells.
      this.#child.send(command, () => undefined);
    } catch (thrown) {
      if (!/could not be cloned/.test(String(thrown))) throw thrown;
      throw LetheError.invalid(
        'input',
        command.kind,
        'it cannot be handed to another process',
        'Pass plain data and typed arrays only.',
      );
    }
  }

  /** Whether this process stays alive for the child's sake. */
  keepAlive(wanted: boolean): void {
    const method = wanted ? 'ref' : 'unref';
    const { channel, stdout, stderr } = this.#child;
    this.#child[method]();
    channel?.[method]();
    for (const stream of [stdout, stderr]) (stream as Socket | null)?.[method]?.();
  }

  /** Why it is gone, once it is; `undefined` where it was to go. */
  get deathReason(): DeathReason | undefined {
    return this.#deathReason;
  }

  /** @param reason none for a child that nobody wants any more */
  kill(reason?: DeathReason): void {
    this.#deathReason = reason;
    this.#child.kill('SIGKILL');
  }

  /** Lets the child leave by itself, and kills it if it has not within `graceMs`. */
  async close(graceMs: number): Promise<void> {
    this.keepAlive(true);
    this.#deathReason = undefined;
    if (this.#child.connected) this.#child.disconnect();
    const timer = setTimeout(() => this.kill(), graceMs);
    await this.exited;
    clearTimeout(timer);
  }

  /** Keeps the end of what a stream says; settles when it has said all. */
  async #read(stream: Readable): Promise<void> {
    stream.setEncoding('utf8').on('data', (text: string) => {
      this.#tail = (this.#tail + text).slice(-tailLength);
    });
    await finished(stream).catch(() => undefined);
  }
}
