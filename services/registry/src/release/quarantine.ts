import { decodeRecord, encodeRecord, LetheError, QuarantineRecord } from '@lethe/contracts';
import { type LineageStore, quarantineKey } from '@lethe/lineage';
import { putOnce } from '@lethe/store';

/** Keeps a version from serving, from now on. The first reason stays. */
export async function putQuarantine(
  lineage: LineageStore,
  record: QuarantineRecord,
): Promise<void> {
  const { modelKey, sequence } = record;
  if (sequence > 0 && (await lineage.manifest(modelKey, sequence)) === undefined) {
    throw new LetheError('not_found', `${modelKey} has no version ${sequence}. See lethe versions`);
  }
  const key = quarantineKey(modelKey, sequence);
  await putOnce(lineage.store, key, encodeRecord(QuarantineRecord, record));
}

export async function findQuarantine(
  lineage: LineageStore,
  modelKey: string,
  sequence: number,
): Promise<QuarantineRecord | undefined> {
  const key = quarantineKey(modelKey, sequence);
  const stored = await lineage.store.get(key);
  return stored && decodeRecord(QuarantineRecord, stored.bytes, key);
}

export async function isQuarantined(
  lineage: LineageStore,
  modelKey: string,
  sequence: number,
): Promise<boolean> {
  return (await findQuarantine(lineage, modelKey, sequence)) !== undefined;
}
