import { s3Options } from '@lethe/service-kit';
import { applyBucket } from '@lethe/store';
import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { type StoreOptions, storeConfigOf } from '../store-of.ts';

/** Makes the bucket that services keep everything in, or says where it differs. */
export const run: CommandFunction<StoreOptions> = async (options, out) => {
  const config = storeConfigOf(options);
  const { created, settings, drift } = await applyBucket(await s3Options(config));
  out.result({ store: config.store, created, ...settings, drift });
  if (created) out.line(`${config.store} is made: no versioning, no object lock.`);
  else if (drift.length === 0) out.line(`${config.store} is there, as wanted.`);
  for (const sentence of drift) out.line(`${config.store}: ${sentence}.`);
  return drift.length === 0 ? exitCodes.ok : exitCodes.refused;
};
