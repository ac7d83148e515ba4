/**
 * Deletes blobs that no record names: left by processes that died between the upload and the
 * manifest.
 *
 * Safe beside running rounds: a blob must be older than any round can take, must be named nowhere at
 * the time of the look, and must be unchanged since; and whoever commits a manifest looks once more
 * whether its blobs are there (invariant 2 of the lineage store).
 */
import type { Digest } from '@lethe/contracts';
import { isDigest } from '@lethe/contracts';
import { type LineageStore, modelsPrefix } from '@lethe/lineage';
import type { Recorder } from '../evidence/recorder.ts';

export interface CollectDeps {
  readonly lineage: LineageStore;
  readonly recorder: Recorder;
  /** Younger blobs are never touched. */
  readonly leastAgeMs: number;
  readonly now: () => Date;
}

const blobsPrefix = 'blobs/';
const digestPattern = /\b[0-9a-f]{64}\b/g;
const listedDigests = 5;

/** @returns the digests of the blobs that were deleted */
export async function collectOrphans(deps: CollectDeps): Promise<Digest[]> {
  const { lineage, recorder, leastAgeMs, now } = deps;
  const candidates = await oldBlobs(lineage, now().getTime() - leastAgeMs);
  if (candidates.size === 0) return [];
  await removeNamed(lineage, candidates);
  const deleted: Digest[] = [];
  for (const [digest, etag] of candidates) {
    if ((await etagOf(lineage, digest)) !== etag) continue;
    await lineage.blobs.delete(digest);
    deleted.push(digest);
  }
  if (deleted.length > 0) {
    const time = now();
    await recorder.note([
      {
        id: `blobs_collected/${time.getTime()}/${deleted[0]}`,
        kind: 'blobs_collected',
        time,
        actor: 'registry',
        modelKey: '',
        details: { count: deleted.length, digests: deleted.slice(0, listedDigests).join(' ') },
      },
    ]);
  }
  return deleted;
}

async function oldBlobs(lineage: LineageStore, beforeMs: number): Promise<Map<Digest, string>> {
  const found = new Map<Digest, string>();
  for await (const { key, modifiedMs, etag } of lineage.store.list(blobsPrefix)) {
    const digest = key.slice(blobsPrefix.length);
    if (modifiedMs < beforeMs && isDigest(digest)) found.set(digest, etag);
  }
  return found;
}

/** Whatever any record of any model mentions stays: this needs no knowledge of the records. */
async function removeNamed(lineage: LineageStore, candidates: Map<Digest, string>): Promise<void> {
  for await (const { key } of lineage.store.list(modelsPrefix)) {
    if (candidates.size === 0) return;
    const stored = await lineage.store.get(key);
    if (stored === undefined) continue;
    const text = Buffer.from(stored.bytes).toString('latin1');
    for (const [digest] of text.matchAll(digestPattern)) candidates.delete(digest as Digest);
  }
}

async function etagOf(lineage: LineageStore, digest: Digest): Promise<string | undefined> {
  const wanted = `${blobsPrefix}${digest}`;
  for await (const { key, etag } of lineage.store.list(wanted)) {
    return key === wanted ? etag : undefined;
  }
  return undefined;
}
