import { readFileSync } from 'node:fs';
import { LetheError } from '@lethe/contracts/errors';

/** @param file `-` is standard input. @throws LetheError `invalid` naming the option or argument */
export function readFile(option: string, file: string): Buffer {
  try {
    return readFileSync(file === '-' ? 0 : file);
  } catch (cause) {
    const { message } = cause as Error;
    throw LetheError.invalid(option, file, message, 'Give a file this user may read.');
  }
}
