import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

export type Child = ChildProcessByStdio<Writable, Readable, null>;

/** Runs a program of this folder as a process of its own. */
export function run(program: string, ...args: readonly string[]): Child {
  const file = fileURLToPath(new URL(program, import.meta.url));
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', file, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

/** Whole lines that a child prints; a last one that a kill cut short is left out. */
export async function* linesOf(child: Child): AsyncGenerator<string> {
  for await (const line of createInterface(child.stdout)) yield line;
}
