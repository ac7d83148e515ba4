import type { ObjectStore } from '@lethe/store';
import {
  numberOfKey,
  packKey,
  packSize,
  packsPrefix,
  segmentKey,
  segmentsPrefix,
} from './log-keys.ts';

/** Lines of the log that are stored together. */
export interface LogChunk {
  readonly key: string;
  /** Index of its first entry. */
  readonly first: number;
  readonly bytes: Uint8Array;
}

/** Packs that are fetched ahead. */
const readAhead = 4;

/** The entries from `index` on that are stored in one object; nothing when there are none. */
export async function chunkAt(store: ObjectStore, index: number): Promise<LogChunk | undefined> {
  const segment = await store.get(segmentKey(index));
  if (segment !== undefined) return { key: segmentKey(index), first: index, bytes: segment.bytes };
  // It may have been packed meanwhile.
  const key = packKey(Math.floor(index / packSize));
  const pack = await store.get(key);
  if (pack === undefined) return undefined;
  return { key, first: index, bytes: skipLines(pack.bytes, index % packSize) };
}

/** Everything from the first pack that is there, in order, until nothing follows. */
export async function* readChunks(store: ObjectStore, fromIndex = 0): AsyncGenerator<LogChunk> {
  const packs = await packNumbers(store, Math.floor(fromIndex / packSize));
  let next = fromIndex;
  const ahead: Promise<LogChunk | undefined>[] = [];
  for (let at = 0; at < packs.length; at++) {
    while (ahead.length < readAhead && at + ahead.length < packs.length) {
      ahead.push(packChunk(store, packs[at + ahead.length] as number));
    }
    const chunk = await ahead.shift();
    if (chunk === undefined) continue;
    const skipped = Math.max(0, next - chunk.first);
    if (skipped < packSize) {
      yield {
        key: chunk.key,
        first: chunk.first + skipped,
        bytes: skipLines(chunk.bytes, skipped),
      };
    }
    next = chunk.first + packSize;
  }
  for (;;) {
    const chunk = await chunkAt(store, next);
    if (chunk === undefined || chunk.bytes.length === 0) return;
    yield chunk;
    next += countLines(chunk.bytes);
  }
}

/** Numbers of the packs that are stored, ascending. */
export async function packNumbers(store: ObjectStore, from = 0): Promise<number[]> {
  const packs: number[] = [];
  for await (const { key } of store.list(packsPrefix)) {
    const pack = numberOfKey(key);
    if (pack >= from) packs.push(pack);
  }
  return packs;
}

/** The highest index that a segment begins with; -1 when there is none. */
export async function lastSegment(store: ObjectStore): Promise<number> {
  let last = -1;
  for await (const { key } of store.list(segmentsPrefix)) last = numberOfKey(key);
  return last;
}

export function countLines(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) count++;
  return count;
}

async function packChunk(store: ObjectStore, pack: number): Promise<LogChunk | undefined> {
  const key = packKey(pack);
  const stored = await store.get(key);
  return stored && { key, first: pack * packSize, bytes: stored.bytes };
}

function skipLines(bytes: Uint8Array, lines: number): Uint8Array {
  let from = 0;
  for (let skipped = 0; skipped < lines; skipped++) {
    const end = bytes.indexOf(10, from);
    if (end === -1) return bytes.subarray(bytes.length);
    from = end + 1;
  }
  return bytes.subarray(from);
}
