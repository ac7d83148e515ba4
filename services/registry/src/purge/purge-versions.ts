/**
 * Deletes the weights and states of versions that must not be kept: they still remember.
 *
 * Invariants:
 * 1. What serves, the original, the head of the log and the round in flight stay.
 * 2. A version whose bytes are also those of one that stays is left until they are not.
 * 3. A version is marked before its bytes go, and then still has to be one that does not serve: a
 *    rollback looks for the mark after it has moved the pointer. One of the two sees the other.
 * 4. The record of a purge and its audit entry are written after the bytes are gone; whoever dies
 *    in between is followed by somebody who finds nothing left to delete, and writes them.
 */
import {
  canonicalBytes,
  type Digest,
  encodeRecord,
  LetheError,
  PurgeRecord,
} from '@lethe/contracts';
import { type LineageStore, logKey, logPrefix, purgingKey, sequenceOfKey } from '@lethe/lineage';
import { blobKey, putOnce } from '@lethe/store';
import type { Recorder } from '../evidence/recorder.ts';

export interface PurgeDeps {
  readonly lineage: LineageStore;
  readonly recorder: Recorder;
  /** Superseded and refused versions are kept this long after their decision. */
  readonly keepMs: number;
  readonly now: () => Date;
  /**
   * By model: entries up to this sequence hold nothing to purge any more, and are not read again.
   * Kept between two calls, it spares them.
   */
  readonly settled?: Map<string, number>;
  /** Hears how many versions are due and still there. */
  readonly onDue?: (modelKey: string, count: number) => void;
}

interface Version {
  readonly sequence: number;
  readonly weightsDigest: string;
  readonly stateDigest: string;
  readonly decided: Date | undefined;
}

/** @returns the sequences purged */
export async function purgeVersions(deps: PurgeDeps, modelKey: string): Promise<number[]> {
  const { lineage, keepMs, now } = deps;
  const serving = await lineage.serving(modelKey);
  const registration = await lineage.registration(modelKey);
  if (serving === undefined || registration === undefined) return [];
  const versions = await unpurgedVersions(deps, modelKey);
  const before = new Date(now().getTime() - keepMs);
  const due = versions.filter(
    ({ sequence, decided }) =>
      sequence !== serving.pointer.sequence && decided !== undefined && decided < before,
  );
  const dueSequences = new Set(due.map(({ sequence }) => sequence));
  const kept = new Set<string>([
    registration.record.weightsDigest,
    registration.record.topologyDigest,
    registration.record.trainingManifestDigest,
    serving.pointer.weightsDigest,
    ...versions
      .filter(({ sequence }) => !dueSequences.has(sequence))
      .flatMap(({ weightsDigest, stateDigest }) => [weightsDigest, stateDigest]),
  ]);
  const free = due.filter(
    ({ weightsDigest, stateDigest }) => !kept.has(weightsDigest) && !kept.has(stateDigest),
  );
  deps.onDue?.(modelKey, free.length);
  const purged: number[] = [];
  for (const [at, version] of free.entries()) {
    if (await purge(deps, modelKey, version)) purged.push(version.sequence);
    deps.onDue?.(modelKey, free.length - at - 1);
  }
  return purged;
}

/** Versions whose weights may be there. Only they are read, and kept: a long log costs two listings. */
async function unpurgedVersions(
  { lineage, settled = new Map() }: PurgeDeps,
  modelKey: string,
): Promise<Version[]> {
  const versions: Version[] = [];
  let last = settled.get(modelKey) ?? 0;
  for await (const { sequence, isPurged } of entriesAfter(lineage, modelKey, last)) {
    const manifest = isPurged ? undefined : await lineage.manifest(modelKey, sequence);
    const entry = manifest?.record.entry;
    if (entry?.$case === 'round') {
      const decision = await lineage.decision(modelKey, sequence);
      const { weightsDigest, stateDigest } = entry.value;
      const decided = decision?.record.decidedTime;
      versions.push({ sequence, weightsDigest, stateDigest, decided });
    }
    if (versions.length === 0) last = sequence;
  }
  settled.set(modelKey, last);
  return versions;
}

/** The log after a sequence: two listings, read side by side. */
async function* entriesAfter(
  lineage: LineageStore,
  modelKey: string,
  after: number,
): AsyncGenerator<{ sequence: number; isPurged: boolean }> {
  const purges = sequencesOf(lineage, modelKey, 'purges', after);
  try {
    let purged = await purges.next();
    for await (const sequence of sequencesOf(lineage, modelKey, 'manifests', after)) {
      while (!purged.done && purged.value < sequence) purged = await purges.next();
      yield { sequence, isPurged: purged.value === sequence };
    }
  } finally {
    await purges.return(undefined);
  }
}

async function* sequencesOf(
  lineage: LineageStore,
  modelKey: string,
  log: 'purges' | 'manifests',
  after: number,
): AsyncGenerator<number, undefined> {
  const from = { after: logKey(modelKey, log, after) };
  for await (const { key } of lineage.store.list(logPrefix(modelKey, log), from)) {
    const sequence = sequenceOfKey(key);
    if (sequence !== undefined) yield sequence;
  }
  return undefined;
}

/** `false` when it serves by now. */
async function purge(
  { lineage, recorder, now }: PurgeDeps,
  modelKey: string,
  { sequence, weightsDigest, stateDigest }: Version,
): Promise<boolean> {
  await putOnce(lineage.store, purgingKey(modelKey, sequence), canonicalBytes({ sequence }));
  const serving = await lineage.serving(modelKey);
  if (serving === undefined || serving.pointer.sequence === sequence) return false;
  // Weights of another version that came to serve meanwhile may be these.
  if (serving.pointer.weightsDigest === weightsDigest) return false;
  const digests = [...new Set([weightsDigest, stateDigest])] as Digest[];
  let versionsDeleted = 0;
  for (const digest of digests) {
    versionsDeleted += await lineage.blobs.delete(digest);
    if ((await lineage.store.get(blobKey(digest))) !== undefined) {
      throw new LetheError('unavailable', `${blobKey(digest)} was deleted and is still there`);
    }
  }
  const time = now();
  const record: PurgeRecord = {
    modelKey,
    sequence,
    deletedDigests: digests,
    objectVersionsDeleted: versionsDeleted,
    time,
  };
  const key = logKey(modelKey, 'purges', sequence);
  const put = await putOnce(lineage.store, key, encodeRecord(PurgeRecord, record));
  await recorder.note([
    {
      id: `purge/${modelKey}/${sequence}`,
      kind: 'purge',
      time,
      actor: 'registry',
      modelKey,
      details: {
        sequence,
        weights_digest: weightsDigest,
        state_digest: stateDigest,
        blobs_deleted: digests.length,
        object_versions_deleted: versionsDeleted,
        record_digest: put.digest,
      },
    },
  ]);
  return true;
}
