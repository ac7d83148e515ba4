import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { endWithOwner } from './servers/end-with-owner.ts';

const bin = fileURLToPath(new URL('../../apps/cli/bin/lethe.js', import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts one command of the CLI; its output is not read. */
export function startLethe(args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(process.execPath, [bin, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
}

/** Runs one command of the CLI to its end, as a user would. */
export async function lethe(args: readonly string[], input?: string): Promise<Finished> {
  const child = spawn(process.execPath, [bin, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(input ?? '');
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  return { code, stdout, stderr };
}

/** A running `lethe up`. */
export interface Up {
  readonly process: ChildProcess;
  readonly grpc: string;
  readonly http: string;
  readonly console: string;
  /** Everything it logged so far. */
  log(): string;
  /** `kill -9`, the whole group: compute processes too, as when a machine goes down. */
  kill(): Promise<void>;
  /** SIGTERM; gives the exit code. */
  stop(): Promise<number | null>;
}

/** Where an `up` with `--ops-address` serves operators, as soon as it does: `HOST:PORT`. */
export async function operatorsOf(up: Pick<Up, 'log'>): Promise<string> {
  for (;;) {
    const [, address] = /"http":"([^"]+)","message":"serving operators"/.exec(up.log()) ?? [];
    if (address !== undefined) return address;
    await sleep(50);
  }
}

/** Asks that one subject of a model be forgotten. */
export function requestDeletion({ http }: Pick<Up, 'http'>, modelKey: string): Promise<Response> {
  return fetch(`http://${http}/v1/deletions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      requestId: randomUUID(),
      modelKey,
      scope: { subject: 'subject-7' },
    }),
  });
}

/** @param under a command that runs the command line after it, for example `nice` */
export async function startUp(
  home: string,
  args: readonly string[] = [],
  under: readonly string[] = [],
): Promise<Up> {
  const ports = ['--grpc-port', '0', '--http-port', '0', '--console-port', '0'];
  const up = ['up', '--home', home, '--json', ...ports, ...args];
  const [command = '', ...rest] = [...under, process.execPath, bin, ...up];
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  endWithOwner(child, { group: true });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const first = await Promise.race([
    once(child.stdout, 'data').then(([chunk]) => (chunk as Buffer).toString()),
    exited.then(([code]) => {
      throw new Error(`lethe up ended with ${code}: ${log}`);
    }),
  ]);
  const { grpc, http, console } = JSON.parse(first) as Pick<Up, 'grpc' | 'http' | 'console'>;
  return {
    process: child,
    grpc,
    http,
    console,
    log: () => log,
    async kill() {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      await exited;
    },
    async stop() {
      child.kill('SIGTERM');
      const [code] = await exited;
      return code;
    },
  };
}

/** A folder that is removed when it is disposed of. */
export function temporaryFolder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'lethe-test-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

async function text(stream: NodeJS.ReadableStream): Promise<string> {
  let all = '';
  for await (const chunk of stream) all += chunk;
  return all;
}
