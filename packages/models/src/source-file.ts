import { readFile } from 'node:fs/promises';
import { LetheError } from '@lethe/contracts';

/**
 * The bytes of a file that a user named.
 *
 * @throws LetheError `not_found` or `precondition` naming the path and what to do
 */
export async function readSourceFile(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** What reading a path failed of, as an error for the person who gave the path. */
export function unreadable(path: string, cause: unknown): LetheError {
  const { code } = LetheError.from(cause);
  const reason = (cause as NodeJS.ErrnoException | null)?.code;
  const description =
    code === 'not_found'
      ? 'There is no such file or folder. Check the path.'
      : code === 'precondition'
        ? 'It may not be read. Give this user the right to read it.'
        : reason === 'EISDIR'
          ? 'It is a folder. Name the file in it.'
          : `It cannot be read (${reason ?? String(cause)}).`;
  const errorCode = reason === 'EISDIR' ? 'invalid' : code;
  return new LetheError(errorCode, `${path}: ${description}`, { cause });
}
