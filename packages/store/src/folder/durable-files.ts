/** Files and folders that are on the disk when the promise resolves. */
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { isPresent } from './folder-error.ts';

/** Puts the names in a folder on the disk: after a link, rename, mkdir or unlink in it. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Makes `names` below `root` where they are missing, never `root` itself, and syncs them all:
 * who made one may have died before it was synced.
 */
export async function ensureFolders(root: string, names: readonly string[]): Promise<void> {
  let folder = root;
  for (const name of names) {
    const parent = folder;
    folder = join(folder, name);
    await mkdir(folder).catch((thrown: unknown) => {
      if (!isPresent(thrown)) throw thrown;
    });
    await syncFolder(parent);
  }
}

/** All bytes of an open file; a piece is good until the next is asked for. */
export async function* piecesOf(from: FileHandle): AsyncGenerator<Uint8Array> {
  const piece = Buffer.allocUnsafe(1 << 20);
  for (;;) {
    const { bytesRead } = await from.read(piece, 0, piece.length);
    if (bytesRead === 0) return;
    yield piece.subarray(0, bytesRead);
  }
}
