import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { LetheError } from '@lethe/contracts';
import { fileError } from './data-file.ts';

export interface UnpackedFile {
  readonly handle: FileHandle;
  readonly sizeBytes: number;
}

/**
 * Unpacks a compressed stream once, into a nameless file in the folder for temporary files
 * (TMPDIR): rows can then be read at their places, memory stays flat, and the file is gone when it
 * is closed or the process dies.
 * @param name for messages
 * @param limitBytes what the container promises; more is refused
 * @throws LetheError `invalid` for damaged data, `capacity` for a full disk
 */
export async function unpack(
  name: string,
  packed: Readable,
  unpacker: Transform,
  limitBytes = Number.POSITIVE_INFINITY,
): Promise<UnpackedFile> {
  const handle = await openNameless();
  let sizeBytes = 0;
  try {
    await pipeline(packed, unpacker, async (pieces: AsyncIterable<Uint8Array>) => {
      for await (const piece of pieces) {
        if (sizeBytes + piece.length > limitBytes) throw damaged(name, 'more data than stated');
        await handle.writeFile(piece);
        sizeBytes += piece.length;
      }
    });
    return { handle, sizeBytes };
  } catch (cause) {
    await handle.close();
    const { code, message } = cause as NodeJS.ErrnoException;
    throw code?.startsWith('Z_') ? damaged(name, message) : fileError(name, cause);
  }
}

async function openNameless(): Promise<FileHandle> {
  const folder = await mkdtemp(join(tmpdir(), 'lethe-unpacked-')).catch((cause: unknown) => {
    throw fileError(tmpdir(), cause);
  });
  try {
    return await open(join(folder, 'data'), 'wx+', 0o600);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function damaged(name: string, description: string): LetheError {
  return LetheError.invalid(
    name,
    description,
    'cannot be unpacked: it is cut short or damaged',
    'Fetch it again.',
  );
}
