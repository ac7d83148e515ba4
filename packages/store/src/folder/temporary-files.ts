import { randomUUID } from 'node:crypto';
import { type FileHandle, open, readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { LetheError } from '@lethe/contracts';
import type { ETag, ObjectBody } from '../object-store.ts';
import { piecesOf } from './durable-files.ts';
import { stampNow } from './file-stamp.ts';
import { isMissing } from './folder-error.ts';

/** A written, synced and stamped file that has no key yet. */
export interface TemporaryFile {
  readonly path: string;
  readonly handle: FileHandle;
  readonly etag: ETag;
}

/** Writes a body into a new file in `folder`, runs `use`, and removes the file's name again. */
export async function withTemporaryFile<T>(
  folder: string,
  body: ObjectBody,
  use: (file: TemporaryFile) => Promise<T>,
): Promise<T> {
  const path = join(folder, `${process.pid}-${randomUUID()}`);
  const handle = await open(path, 'wx');
  try {
    if (body instanceof Uint8Array) await handle.writeFile(body);
    else await copyFrom(body.file, handle);
    const etag = await stampNow(handle);
    await handle.sync();
    return await use({ path, handle, etag });
  } finally {
    await handle.close();
    await unlinkIfThere(path);
  }
}

/** Nobody takes this long between writing a file and giving it its name. */
const leftoverAgeMs = 60 * 60 * 1000;

/** Removes what crashed writers left. Young files stay: another process may be writing them. */
export async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const modifiedMs = await stat(path).then(
      (stats) => stats.mtimeMs,
      () => Number.POSITIVE_INFINITY,
    );
    if (modifiedMs < Date.now() - leftoverAgeMs) await unlinkIfThere(path);
  }
}

async function copyFrom(file: string, to: FileHandle): Promise<void> {
  const from = await open(file, 'r').catch((cause: unknown) => {
    throw new LetheError('not_found', `cannot read ${file} to store it. Check path and access`, {
      cause,
    });
  });
  try {
    for await (const piece of piecesOf(from)) await to.writeFile(piece);
  } finally {
    await from.close();
  }
}

async function unlinkIfThere(path: string): Promise<void> {
  await unlink(path).catch((thrown: unknown) => {
    if (!isMissing(thrown)) throw thrown;
  });
}
