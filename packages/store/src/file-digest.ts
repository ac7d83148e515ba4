import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Digest } from '@lethe/contracts';

/** SHA-256 of a file's bytes, read in pieces. */
export async function digestOfFile(file: string): Promise<Digest> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex') as Digest;
}

/** Tells one state of a file from another without reading it; `undefined` when it is missing. */
export async function versionOfFile(file: string): Promise<string | undefined> {
  const stats = await stat(file, { bigint: true }).catch(() => undefined);
  return stats && `${stats.ino}-${stats.mtimeNs}-${stats.ctimeNs}-${stats.size}`;
}
