import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where real data lies, if anywhere: LETHE_DATA_DIR, or shared/data beside the checkout. */
export const dataFolder =
  process.env['LETHE_DATA_DIR'] ??
  fileURLToPath(new URL('../../../../../shared/data', import.meta.url));

export function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'lethe-datasets-'));
}
