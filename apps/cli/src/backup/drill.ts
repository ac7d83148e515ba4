import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { verifyLog } from '@lethe/audit-log';
import { LetheError, sha256 } from '@lethe/contracts';
import { parseKeySet } from '@lethe/evidence';
import { LineageStore, openLineage } from '@lethe/lineage';
import { BlobStore, digestOfFile, type ObjectStore } from '@lethe/store';
import { inspectDatabase } from '../doctor/inspect-database.ts';
import { homeDatabases } from '../embedded/home-databases.ts';
import { homeLayout } from '../embedded/home-layout.ts';
import type { SnapshotEntry } from './snapshot.ts';

export interface DrillReport {
  readonly objects: number;
  readonly files: number;
  readonly models: number;
  readonly versions: number;
  /** Entries of the audit log; `undefined` where the backup holds no keys to check them with. */
  readonly auditEntries: number | undefined;
}

/**
 * Proves of a restored copy that it is what was backed up, and that it is a Lethe: every digest anew,
 * every database read through, every model's log folded, every pointer followed, the audit log
 * verified.
 *
 * @param folder where the files were restored to
 * @throws LetheError `corrupt` saying what is wrong
 */
export async function drill(
  entries: readonly SnapshotEntry[],
  store: ObjectStore,
  folder: string,
  now: Date,
): Promise<DrillReport> {
  for (const entry of entries) await checkDigest(entry, store, folder);
  for (const database of homeDatabases(homeLayout(folder))) {
    if (!existsSync(database.file)) continue;
    const { state, seen } = inspectDatabase(database);
    if (state !== 'ok') throw wrong(seen);
  }
  const lineage = new LineageStore(store, new BlobStore(store));
  let versions = 0;
  const models = await lineage.models();
  for (const modelKey of models) versions += await checkModel(lineage, modelKey);
  return {
    objects: entries.filter(({ kind }) => kind === 'object').length,
    files: entries.filter(({ kind }) => kind === 'file').length,
    models: models.length,
    versions,
    auditEntries: await checkAuditLog(store, join(folder, 'keys', 'key-set.json'), now),
  };
}

async function checkDigest(entry: SnapshotEntry, store: ObjectStore, folder: string) {
  if (entry.kind === 'file') {
    const file = join(folder, entry.name);
    if (existsSync(file) && (await digestOfFile(file)) === entry.sha256) return;
    throw wrong(`${entry.name} was not restored as it was`);
  }
  const found = await store.get(entry.name);
  if (found === undefined || sha256(found.bytes) !== entry.sha256) {
    throw wrong(`${entry.name} was not restored as it was`);
  }
}

/** @returns the length of its log */
async function checkModel(lineage: LineageStore, modelKey: string): Promise<number> {
  const { state, registration } = await openLineage(lineage, modelKey);
  const serving = await lineage.serving(modelKey);
  const { topologyDigest, weightsDigest, trainingManifestDigest } = registration;
  const needed = [topologyDigest, weightsDigest, trainingManifestDigest];
  if (serving !== undefined) needed.push(serving.pointer.weightsDigest as typeof weightsDigest);
  for (const digest of needed) {
    if (!(await lineage.blobs.has(digest as Parameters<typeof lineage.blobs.has>[0]))) {
      throw wrong(`${modelKey} needs the blob ${digest}, which is not there`);
    }
  }
  if (serving !== undefined && serving.pointer.sequence >= state.nextSequence) {
    throw wrong(
      `${modelKey} serves version ${serving.pointer.sequence}, which its log does not have`,
    );
  }
  return state.nextSequence - 1;
}

async function checkAuditLog(
  store: ObjectStore,
  keySet: string,
  now: Date,
): Promise<number | undefined> {
  if (!existsSync(keySet)) return undefined;
  const keys = parseKeySet(readFileSync(keySet, 'utf8'));
  const found = await verifyLog({ store, keys, now });
  if (found.kind === 'sound') return found.point.size;
  const { kind, explanation } = found;
  // Not the copy need be bad: the keys in it may be those of another service than the registry.
  const keysRemedy =
    'Back up the key folder of the registry, which signs checkpoints (--keys), or use another snapshot';
  throw wrong(
    `the audit log is ${kind}: ${explanation}`,
    kind === 'forged_checkpoint' ? keysRemedy : undefined,
  );
}

function wrong(what: string, remedy = 'Use another snapshot'): LetheError {
  return new LetheError('corrupt', `the drill failed: ${what}. ${remedy}`);
}
