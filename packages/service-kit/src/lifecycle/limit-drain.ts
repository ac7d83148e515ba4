import type { Log } from '../log/log.ts';

/** So long may closing take: less than every manifest leaves between SIGTERM and SIGKILL. */
export const drainLimitMs = 30_000;

/**
 * Ends the process when it is still there so long after `signal`: what holds it up would hold it up
 * until it is killed, without a word of why. What is not committed begins anew with the next owner.
 */
export function limitDrain(
  signal: AbortSignal,
  options: { readonly log: Log; readonly exitCode: number; readonly limitMs?: number },
): void {
  const { log, exitCode, limitMs = drainLimitMs } = options;
  const end = () => {
    const holding = [...new Set(process.getActiveResourcesInfo())].join(', ');
    log.fatal('closing takes too long; ended', { limitMs, holding });
    process.exit(exitCode);
  };
  signal.addEventListener('abort', () => void setTimeout(end, limitMs).unref(), { once: true });
}
