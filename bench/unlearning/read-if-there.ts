import { readFileSync } from 'node:fs';

/** The text of a file, or `undefined` where there is none; what cannot be read is an error. */
export function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
