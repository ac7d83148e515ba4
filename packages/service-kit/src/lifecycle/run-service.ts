import { LetheError } from '@lethe/contracts';
import { createLog } from '../log/create-log.ts';
import type { Log } from '../log/log.ts';
import { limitDrain } from './limit-drain.ts';
import { ResourceStack } from './resource-stack.ts';

export interface ServiceContext {
  /** Aborted by the first SIGTERM or SIGINT, or by {@link ServiceContext.fail}. */
  readonly signal: AbortSignal;
  /** Disposed of in reverse order when `main` has returned or thrown. */
  readonly stack: ResourceStack;
  readonly env: NodeJS.ProcessEnv;
  readonly argv: readonly string[];
  /** For what happens outside `main`: closes everything in order and makes the exit code 70. */
  readonly fail: (error: unknown) => void;
}

/** Exit codes, after sysexits.h. */
export const exitCode = { ok: 0, usage: 64, software: 70, interruptedTwice: 130 } as const;

/**
 * Runs a program to its end: `main` works until `signal` aborts, then everything on the stack is
 * disposed of. A second signal ends the process at once, and so does a closing that takes too long.
 */
export async function runService(
  main: (context: ServiceContext) => Promise<void>,
  options: { log?: Log; drainLimitMs?: number } = {},
): Promise<void> {
  const log = options.log ?? createLog({ service: 'lethe' });
  const shutdown = new AbortController();
  const stack = new ResourceStack();
  const { drainLimitMs: limitMs } = options;
  limitDrain(shutdown.signal, {
    log,
    exitCode: exitCode.software,
    ...(limitMs === undefined ? {} : { limitMs }),
  });
  const fail = (error: unknown) => {
    log.fatal('cannot go on', { error });
    process.exitCode = exitCode.software;
    shutdown.abort();
  };
  const onSignal = (name: NodeJS.Signals) => {
    // Whoever presses twice does not want to wait.
    if (shutdown.signal.aborted) process.exit(exitCode.interruptedTwice);
    log.info('closing', { signal: name });
    shutdown.abort();
  };
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  process.on('uncaughtException', fail).on('unhandledRejection', fail);
  try {
    const { env, argv } = process;
    await main({ signal: shutdown.signal, stack, env, argv: argv.slice(2), fail });
  } catch (error) {
    const { code } = LetheError.from(error);
    // A cancelled wait after the signal is how a program notices that it should stop.
    if (!(shutdown.signal.aborted && code === 'cancelled')) {
      // Bad settings are told with value and remedy: whoever reads this has just written them.
      if (code === 'invalid') log.fatal(LetheError.from(error).message);
      else log.fatal('cannot go on', { error });
      process.exitCode = code === 'invalid' ? exitCode.usage : exitCode.software;
    }
  }
  try {
    await stack[Symbol.asyncDispose]();
  } catch (error) {
    log.error('closing failed', { error });
    process.exitCode ||= exitCode.software;
  } finally {
    process.off('SIGTERM', onSignal).off('SIGINT', onSignal);
    process.off('uncaughtException', fail).off('unhandledRejection', fail);
  }
}
