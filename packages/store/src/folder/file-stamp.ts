/**
 * Version tags from what the file system knows: inode, modification time and size.
 *
 * Invariants:
 * 1. Every write makes a new file, never changes one; so a tag belongs to one write.
 * 2. A file that replaces another is given a later modification time than that one has. Along
 *    a chain of replacements no tag comes twice, whatever clocks do and inodes are reused.
 * 3. After a deletion the time is the present one, in microseconds. For a tag to come back
 *    the clock would have to be set back to that very microsecond.
 */
import type { BigIntStats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { LetheError } from '@lethe/contracts';
import type { ETag } from '../object-store.ts';

export function etagOf(stats: BigIntStats): ETag {
  return [stats.mtimeNs, stats.ino, stats.size].map((each) => each.toString(36)).join('-');
}

/** Stamps a file that is not published yet with the present time. */
export async function stampNow(handle: FileHandle): Promise<ETag> {
  const microseconds = Date.now() * 1000 + Math.floor((performance.now() * 1000) % 1000);
  return etagOf(await setTime(handle, microseconds));
}

/** Makes sure that a file that is not published yet has a later time than `previousNs`. */
export async function stampAfter(handle: FileHandle, previousNs: bigint): Promise<ETag> {
  let stats = await handle.stat({ bigint: true });
  // File systems keep times in steps of 1 ns to 2 s: go up until the step shows.
  for (let step = 1; stats.mtimeNs <= previousNs; step *= 10) {
    if (step > 1e8) throw new LetheError('internal', 'the file system keeps no file times');
    stats = await setTime(handle, Number(previousNs / 1000n) + step);
  }
  return etagOf(stats);
}

async function setTime(handle: FileHandle, microseconds: number): Promise<BigIntStats> {
  const seconds = microseconds / 1e6;
  await handle.utimes(seconds, seconds);
  return await handle.stat({ bigint: true });
}
