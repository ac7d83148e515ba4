import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LetheError } from '@lethe/contracts';
import { copyBytes, syncFolder } from './durable-files.ts';
import { folderError, isMissing } from './folder-error.ts';

/**
 * Copies an open file to `file`, whole or not at all.
 *
 * @throws LetheError `precondition` when its folder is missing or read-only, `capacity` when full
 */
export async function downloadFile(from: FileHandle, file: string): Promise<void> {
  const part = `${file}.${randomUUID()}.part`;
  try {
    await copyTo(part, from);
    await rename(part, file);
    await syncFolder(dirname(file));
  } catch (thrown) {
    await unlink(part).catch(() => undefined);
    if (!isMissing(thrown)) throw folderError(thrown, file, 'write');
    const message = `cannot write ${file}: its folder is missing. Make it first`;
    throw new LetheError('precondition', message, { cause: thrown });
  }
}

async function copyTo(part: string, from: FileHandle): Promise<void> {
  const to = await open(part, 'wx');
  try {
    await copyBytes(from, to);
    await to.sync();
  } finally {
    await to.close();
  }
}
