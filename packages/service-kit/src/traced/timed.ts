import { LetheError } from '@lethe/contracts';

/** Runs `work` and tells how long it took, in seconds, and how it ended: `ok` or an error code. */
export async function timed<T>(
  work: () => Promise<T>,
  tell: (seconds: number, outcome: string) => void,
): Promise<T> {
  const startedMs = performance.now();
  let outcome = 'ok';
  try {
    return await work();
  } catch (thrown) {
    outcome = LetheError.from(thrown).code;
    throw thrown;
  } finally {
    tell((performance.now() - startedMs) / 1000, outcome);
  }
}
