import { randomUUID } from 'node:crypto';
import { open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LetheError } from '@lethe/contracts';
import { syncFolder } from './folder/durable-files.ts';
import { folderError, isMissing } from './folder/folder-error.ts';

/**
 * Writes a file whole or not at all: under another name first, synced, then renamed.
 *
 * @throws LetheError `precondition` when its folder is missing or read-only, `capacity` when full;
 *   whatever `pieces` throws, untouched
 */
export async function writeWholeFile(
  file: string,
  pieces: AsyncIterable<Uint8Array>,
): Promise<void> {
  const part = `${file}.${randomUUID()}.part`;
  const to = await onDisk(file, open(part, 'wx'));
  try {
    try {
      for await (const piece of pieces) await onDisk(file, to.writeFile(piece));
      await onDisk(file, to.sync());
    } finally {
      await to.close();
    }
    await onDisk(file, rename(part, file));
    await onDisk(file, syncFolder(dirname(file)));
  } catch (thrown) {
    await unlink(part).catch(() => undefined);
    throw thrown;
  }
}

async function onDisk<T>(file: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (thrown) {
    if (!isMissing(thrown)) throw folderError(thrown, file, 'write');
    const message = `cannot write ${file}: its folder is missing. Make it first`;
    throw new LetheError('precondition', message, { cause: thrown });
  }
}
