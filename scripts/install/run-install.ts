import { InstallFailure } from './install-failure.ts';

const start = performance.now();

/** One line of progress, with the seconds since the script began. */
export function say(line: string): void {
  console.error(`[${((performance.now() - start) / 1000).toFixed(0).padStart(3)} s] ${line}`);
}

/** Runs an install script to its end; what stops it is told with a remedy, exit code 1. */
export async function runInstall(script: string, main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (thrown) {
    process.exitCode = 1;
    if (thrown instanceof InstallFailure) {
      console.error(`${script} failed: ${thrown.message}\nRemedy: ${thrown.remedy}`);
    } else if ((thrown as NodeJS.ErrnoException).code === 'ENOSPC') {
      console.error(`${script} failed: the disk is full\nRemedy: make room, or set XDG_CACHE_HOME`);
    } else {
      console.error(
        `${script} failed: ${thrown instanceof Error ? thrown.message : thrown}\nRemedy: see npm run ${script} -- --help`,
      );
    }
  }
}
