/**
 * Deletes blobs that no record names: left by processes that died between the upload and the
 * manifest.
 *
 * Safe beside running rounds: a blob must be older than any round can take, must be named nowhere at
 * the time of the look, and must not have been written since, which whoever puts the same bytes again
 * does (invariant 3 of the blob store); and whoever commits a manifest looks once more whether its
 * blobs are there (invariant 2 of the lineage store).
 */
import { type Digest, isDigest } from '@lethe/contracts';
import {
  type LineageStore,
  manifestKey,
  modelsPrefix,
  newestSequence,
  registrationKey,
  servingKey,
} from '@lethe/lineage';
import { blobKey, type ObjectInfo } from '@lethe/store';
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
/** Records that are read at the same time. */
const readsAtOnce = 16;
/** Reads in a row after which older manifests are not expected to name anything that is kept. */
const quietReads = 4;

/** @returns the digests of the blobs that were deleted */
export async function collectOrphans(deps: CollectDeps): Promise<Digest[]> {
  const { lineage, recorder, leastAgeMs, now } = deps;
  const candidates = await oldBlobs(lineage, now().getTime() - leastAgeMs);
  if (candidates.size === 0) return [];
  await removeNamed(lineage, candidates);
  const deleted: Digest[] = [];
  for (const [digest, stamp] of candidates) {
    if ((await presentStamp(lineage, digest)) !== stamp) continue;
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
  for await (const info of lineage.store.list(blobsPrefix)) {
    const digest = info.key.slice(blobsPrefix.length);
    if (info.modifiedMs < beforeMs && isDigest(digest)) found.set(digest, stampOf(info));
  }
  return found;
}

/**
 * Whatever any record of any model mentions stays: this needs no knowledge of the records. What is
 * kept is mostly named by a registration or by a late manifest: they are read first, and the
 * records of a long history only where something is left.
 */
async function removeNamed(lineage: LineageStore, candidates: Map<Digest, string>): Promise<void> {
  for (const modelKey of await lineage.models()) {
    await removeNamedIn(lineage, [registrationKey(modelKey), servingKey(modelKey)], candidates);
    await removeNamedLately(lineage, modelKey, candidates);
  }
  let keys: string[] = [];
  for await (const { key } of lineage.store.list(modelsPrefix)) {
    if (candidates.size === 0) return;
    if (keys.push(key) < readsAtOnce) continue;
    await removeNamedIn(lineage, keys, candidates);
    keys = [];
  }
  await removeNamedIn(lineage, keys, candidates);
}

/** By manifests, from the newest back, until some in a row name nothing that is looked for. */
async function removeNamedLately(
  lineage: LineageStore,
  modelKey: string,
  candidates: Map<Digest, string>,
): Promise<void> {
  const serving = await lineage.serving(modelKey);
  let last = await newestSequence(lineage, modelKey, serving?.pointer.sequence);
  for (let quiet = 0; last > 0 && quiet < quietReads && candidates.size > 0; quiet++) {
    const length = Math.min(readsAtOnce, last);
    const before = candidates.size;
    const keys = Array.from({ length }, (_, at) => manifestKey(modelKey, last - at));
    await removeNamedIn(lineage, keys, candidates);
    if (candidates.size < before) quiet = -1;
    last -= length;
  }
}

async function removeNamedIn(
  { store }: LineageStore,
  keys: readonly string[],
  candidates: Map<Digest, string>,
): Promise<void> {
  for (const stored of await Promise.all(keys.map((key) => store.get(key)))) {
    const text = Buffer.from(stored?.bytes ?? []).toString('latin1');
    for (const [digest] of text.matchAll(digestPattern)) candidates.delete(digest as Digest);
  }
}

/** Tells whether a blob was written again, also where an entity tag is made of the bytes alone. */
function stampOf({ etag, modifiedMs }: ObjectInfo): string {
  return `${etag} ${modifiedMs}`;
}

async function presentStamp(lineage: LineageStore, digest: Digest): Promise<string | undefined> {
  const wanted = blobKey(digest);
  for await (const info of lineage.store.list(wanted)) {
    return info.key === wanted ? stampOf(info) : undefined;
  }
  return undefined;
}
