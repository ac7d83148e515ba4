import { existsSync } from 'node:fs';
import { LetheError } from '@lethe/contracts';
import { openStore } from '@lethe/service-kit';
import { probeObjectStore } from '@lethe/store';
import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { type StoreOptions, storeConfigOf } from '../store-of.ts';

/** Tries what services demand of an object store at their start. */
export const run: CommandFunction<StoreOptions> = async (options, out) => {
  const config = storeConfigOf(options);
  requireFolder(config.store);
  await using store = await openStore(config);
  const findings = await probeObjectStore(store);
  for (const finding of findings) out.result({ store: config.store, ...finding });
  out.table(
    [{ title: 'what must hold' }, { title: 'holds' }, { title: 'what was seen' }],
    findings.map(({ check, held, detail }) => [check, held ? 'yes' : 'NO', detail]),
  );
  const isConforming = findings.every(({ held }) => held);
  out.line(
    isConforming
      ? `${config.store} can be relied on.`
      : `${config.store} cannot be relied on: services refuse to run on it.`,
  );
  return isConforming ? exitCodes.ok : exitCodes.refused;
};

/** A probe makes no store where none is. */
function requireFolder(address: string): void {
  const folder = address.startsWith('folder:') ? address.slice('folder:'.length) : undefined;
  if (folder === undefined || existsSync(folder)) return;
  throw new LetheError('not_found', `there is no object store in ${folder}. Name one with --store`);
}
