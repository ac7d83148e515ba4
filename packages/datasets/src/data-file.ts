import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { LetheError } from '@lethe/contracts';

/** @throws LetheError `not_found`, `precondition` (no permission) naming file and remedy */
export async function openDataFile(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'r');
  } catch (cause) {
    throw fileError(file, cause);
  }
}

/** Names in a folder, sorted by code unit; empty folder: empty list. */
export async function listFolder(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (cause) {
    throw fileError(folder, cause);
  }
}

export async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw fileError(file, cause);
  }
}

/** The trouble with a file or folder in words that say what to do. */
export function fileError(file: string, cause: unknown): LetheError {
  if (cause instanceof LetheError) return cause;
  const { code, message } = LetheError.from(cause);
  const remedy = remedies.get((cause as NodeJS.ErrnoException).code ?? '') ?? message;
  return new LetheError(code === 'internal' ? 'corrupt' : code, `cannot read ${file}: ${remedy}`, {
    cause,
  });
}

const remedies = new Map([
  ['ENOENT', 'it does not exist. Check the path of the data set'],
  ['ENOTDIR', 'a part of its path is a file, not a folder. Check the path of the data set'],
  ['EISDIR', 'it is a folder where a file is expected. Check the layout of the data set'],
  ['EACCES', 'permission denied. Let the user who runs Lethe read it'],
  ['EPERM', 'permission denied. Let the user who runs Lethe read it'],
  ['EMFILE', 'too many open files. Raise the limit (ulimit -n)'],
]);

/** Exactly `length` bytes from `offset`. @throws LetheError `corrupt` when the file ends before */
export async function readExactly(
  handle: FileHandle,
  file: string,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle
      .read(bytes, filled, length - filled, offset + filled)
      .catch((cause: unknown) => {
        throw fileError(file, cause);
      });
    if (bytesRead === 0) {
      throw new LetheError(
        'corrupt',
        `${file} ends at byte ${offset + filled}, where ${length} bytes from ${offset} on are expected: it was cut after it was opened, or is damaged. Fetch it again`,
      );
    }
    filled += bytesRead;
  }
  return bytes;
}
