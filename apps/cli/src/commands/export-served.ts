import { type Digest, LetheError, parseModelKey } from '@lethe/contracts';
import { LineageStore } from '@lethe/lineage';
import { exportLayersModel } from '@lethe/models';
import { openStore } from '@lethe/service-kit';
import { BlobStore } from '@lethe/store';
import { homeLayout } from '../embedded/home-layout.ts';
import { exitCodes } from '../output/exit-codes.ts';
import type { Output } from '../output/output.ts';
import { type StoreOptions, storeConfigOf } from '../store-of.ts';

/** Writes what serves now as a standard tfjs LayersModel folder; digests are verified on the way. */
export async function exportServed(
  options: StoreOptions,
  modelKey: string | undefined,
  folder: string,
  out: Output,
): Promise<number> {
  if (modelKey === undefined) {
    throw LetheError.invalid(
      'model-key',
      '',
      'is missing',
      'Say which model to export: lethe models KEY --export DIR.',
    );
  }
  const layout = homeLayout(options.home);
  const config = storeConfigOf(options);
  await using store = await openStore(config);
  const blobs = new BlobStore(store, { cacheFolder: layout.cache });
  const lineage = new LineageStore(store, blobs);
  const served = await lineage.serving(parseModelKey(modelKey, 'model-key'));
  if (served === undefined) {
    throw new LetheError(
      'not_found',
      `${config.store} has no model ${modelKey} that serves; see the keys with lethe models`,
    );
  }
  const { topologyDigest, weightsDigest, sequence } = served.pointer;
  await exportLayersModel(
    await blobs.get(topologyDigest as Digest),
    await blobs.get(weightsDigest as Digest),
    folder,
  );
  out.result({ modelKey, sequence, weightsDigest, folder });
  out.line(`Round ${sequence} of ${modelKey} is in ${folder} (weights SHA-256 ${weightsDigest}).`);
  return exitCodes.ok;
}
