import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Digest, LetheError, type RowRange, sha256 } from '@lethe/contracts';
import type { Dataset } from './dataset.ts';
import type { ExcludedSample } from './evaluation/sets-in-force.ts';

/** Samples read and hashed at a time. */
const batchSize = 256;

/** SHA-256 of each sample's stored bytes, in the order of `rows` (default: all). Flat memory. */
export async function* sampleDigests(
  dataset: Dataset,
  rows: ArrayLike<number> = rowsOfRanges([], dataset.size),
): AsyncGenerator<{ readonly row: number; readonly digest: Digest }> {
  for (let from = 0; from < rows.length; from += batchSize) {
    const count = Math.min(batchSize, rows.length - from);
    const batch = Array.from({ length: count }, (_, i) => rows[from + i]!);
    const samples = await dataset.sampleBytes(batch);
    // Sets that are made up or cached never wait for a disk: signals must be heard none the less.
    await nextTurn();
    for (let i = 0; i < count; i++) yield { row: batch[i]!, digest: sha256(samples[i]!) };
  }
}

/**
 * Digest of an evaluation set: SHA-256 over the samples' SHA-256 (32 bytes each) in order.
 *
 * @param excluded samples taken out, whose bytes may be gone: they count as they were registered
 */
export async function evaluationSetDigest(
  dataset: Dataset,
  rows: ArrayLike<number>,
  excluded: readonly ExcludedSample[] = [],
): Promise<Digest> {
  const registered = new Map(excluded.map((each) => [each.position, each.sha256]));
  const hash = createHash('sha256');
  let position = 0;
  for await (const { digest } of sampleDigests(dataset, rows)) {
    hash.update(registered.get(position++) ?? digest, 'hex');
  }
  return hash.digest('hex') as Digest;
}

/**
 * Rows of [from, to) ranges; no range at all means every row.
 * @throws LetheError `invalid` for ranges that are empty, past the end, or not in ascending order
 */
export function rowsOfRanges(ranges: readonly RowRange[], size: number): Uint32Array {
  if (ranges.length === 0) return Uint32Array.from({ length: size }, (_, row) => row);
  let end = 0;
  let count = 0;
  ranges.forEach(({ from, to }, i) => {
    if (!Number.isInteger(from) || !Number.isInteger(to) || from < end || to <= from || to > size) {
      throw LetheError.invalid(
        `ranges[${i}]`,
        `${from} to ${to}`,
        `must be a stretch of rows from ${end} on, below ${size}`,
        'Give ascending ranges [from, to) that do not overlap.',
      );
    }
    end = to;
    count += to - from;
  });
  const rows = new Uint32Array(count);
  let at = 0;
  for (const { from, to } of ranges) for (let row = from; row < to; row++) rows[at++] = row;
  return rows;
}

/** The other way round: ascending rows as the fewest [from, to) ranges. */
export function rangesOfRows(rows: ArrayLike<number>): RowRange[] {
  const ranges: RowRange[] = [];
  for (let i = 0; i < rows.length; i++) {
    const last = ranges.at(-1);
    if (last !== undefined && last.to === rows[i]) last.to++;
    else ranges.push({ from: rows[i]!, to: rows[i]! + 1 });
  }
  return ranges;
}
