/**
 * Deletes the weights and states of versions that must not be kept: they still remember.
 *
 * Invariants:
 * 1. What serves, the original, the head of the log and the round in flight stay.
 * 2. A version whose bytes are also those of one that stays is left until they are not.
 * 3. The record of a purge and its audit entry are written after the bytes are gone; whoever dies
 *    in between is followed by somebody who finds nothing left to delete, and writes them.
 */
import { type Digest, encodeRecord, LetheError, PurgeRecord, type Round } from '@lethe/contracts';
import { type LineageStore, logKey, logPrefix, sequenceOfKey } from '@lethe/lineage';
import { blobKey, putOnce } from '@lethe/store';
import type { Recorder } from '../evidence/recorder.ts';

export interface PurgeDeps {
  readonly lineage: LineageStore;
  readonly recorder: Recorder;
  /** Superseded and refused versions are kept this long after their decision. */
  readonly keepMs: number;
  readonly now: () => Date;
  /** Hears how many versions are due and still there. */
  readonly onDue?: (modelKey: string, count: number) => void;
}

interface Version {
  readonly sequence: number;
  readonly round: Round;
  readonly decided: Date | undefined;
}

/** @returns the sequences purged */
export async function purgeVersions(deps: PurgeDeps, modelKey: string): Promise<number[]> {
  const { lineage, keepMs, now } = deps;
  const serving = await lineage.serving(modelKey);
  const registration = await lineage.registration(modelKey);
  if (serving === undefined || registration === undefined) return [];
  const versions = await unpurgedVersions(lineage, modelKey);
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
      .flatMap(({ round }) => [round.weightsDigest, round.stateDigest]),
  ]);
  const free = due.filter(
    ({ round }) => !kept.has(round.weightsDigest) && !kept.has(round.stateDigest),
  );
  deps.onDue?.(modelKey, free.length);
  for (const [at, version] of free.entries()) {
    await purge(deps, modelKey, version);
    deps.onDue?.(modelKey, free.length - at - 1);
  }
  return free.map(({ sequence }) => sequence);
}

/** Versions whose weights may be there. Only they are read: a long log costs two listings. */
async function unpurgedVersions(lineage: LineageStore, modelKey: string): Promise<Version[]> {
  const purged = await sequencesOf(lineage, modelKey, 'purges');
  const all = await sequencesOf(lineage, modelKey, 'manifests');
  const versions: Version[] = [];
  for (const sequence of all) {
    if (purged.has(sequence)) continue;
    const manifest = await lineage.manifest(modelKey, sequence);
    if (manifest?.record.entry?.$case !== 'round') continue;
    const decision = await lineage.decision(modelKey, sequence);
    versions.push({
      sequence,
      round: manifest.record.entry.value,
      decided: decision?.record.decidedTime,
    });
  }
  return versions;
}

async function sequencesOf(
  lineage: LineageStore,
  modelKey: string,
  log: 'purges' | 'manifests',
): Promise<Set<number>> {
  const found = new Set<number>();
  for await (const { key } of lineage.store.list(logPrefix(modelKey, log))) {
    const sequence = sequenceOfKey(key);
    if (sequence !== undefined) found.add(sequence);
  }
  return found;
}

async function purge(
  { lineage, recorder, now }: PurgeDeps,
  modelKey: string,
  { sequence, round }: Version,
): Promise<void> {
  const digests = [...new Set([round.weightsDigest, round.stateDigest])] as Digest[];
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
        weights_digest: round.weightsDigest,
        state_digest: round.stateDigest,
        blobs_deleted: digests.length,
        object_versions_deleted: versionsDeleted,
        record_digest: put.digest,
      },
    },
  ]);
}
