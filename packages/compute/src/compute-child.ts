/**
 * Entry of a compute process: opens one backend, then runs one job after another. It never
 * outlives its parent, not even in the middle of a job that does not yield.
 */
import { Worker } from 'node:worker_threads';
import { LetheError } from '@lethe/contracts';
import type { Backend } from './backend.ts';
import type { Command, Report } from './compute-messages.ts';
import type { JobContext, JobFunction } from './job.ts';
import { openBackend } from './open-backend.ts';
import { packError } from './transferred-error.ts';

type AnyJob = JobFunction<unknown, unknown, unknown>;

let backend: Backend | undefined;
let cancellation = new AbortController();

process.on('message', (command: Command) => void obey(command));
process.on('disconnect', () => process.exit(0));
// A Ctrl-C in the terminal reaches us too: what happens to a running job is the parent's choice.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
exitWithParent();

async function obey(command: Command): Promise<void> {
  try {
    switch (command.kind) {
      case 'open':
        backend = await openBackend(command.backend);
        return report({ kind: 'opened', backend });
      case 'run':
        return report({ kind: 'done', output: await runJob(command.moduleUrl, command.input) });
      case 'cancel':
        return cancellation.abort();
      default:
        command satisfies never;
    }
  } catch (thrown) {
    report({ kind: 'failed', error: packError(thrown) });
  }
}

async function runJob(moduleUrl: string, input: unknown): Promise<unknown> {
  if (backend === undefined) throw new LetheError('internal', 'No backend has been opened yet');
  cancellation = new AbortController();
  const module = (await import(moduleUrl)) as { readonly run?: AnyJob };
  if (typeof module.run !== 'function') {
    throw LetheError.invalid(
      'moduleUrl',
      moduleUrl,
      'the module exports no function `run`',
      'Export one, see JobFunction.',
    );
  }
  const context: JobContext<unknown> = {
    backend,
    report: (progress) => report({ kind: 'progress', progress }),
    signal: cancellation.signal,
  };
  return module.run(input, context);
}

function report(message: Report): void {
  process.send?.(message);
}

/** A job that never yields never hears of the disconnection: a thread of its own looks out. */
function exitWithParent(): void {
  const watch = `
    const { workerData } = require('node:worker_threads');
    setInterval(() => process.ppid === workerData || process.kill(process.pid, 'SIGKILL'), 1000);
  `;
  new Worker(watch, { eval: true, workerData: process.ppid }).unref();
}
