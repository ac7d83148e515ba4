import { AuditLog } from '@lethe/audit-log';
import { openStore } from '@lethe/service-kit';
import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { type AuditStoreOptions, storeConfigOf } from './audit-store.ts';

interface PruneOptions extends AuditStoreOptions {
  readonly olderThanDays: number;
  readonly by: string;
}

const dayMs = 24 * 60 * 60 * 1000;

export const run: CommandFunction<PruneOptions> = async (options, out) => {
  await using store = await openStore(storeConfigOf(options));
  const now = new Date();
  const before = new Date(now.getTime() - options.olderThanDays * dayMs);
  const entries = await new AuditLog({ store }).prune(before, options.by, now);
  out.result({ entries, before });
  out.line(
    entries === 0
      ? `No full pack of entries is older than ${before.toISOString()}.`
      : `${entries} entries before ${before.toISOString()} are gone; the log says so.`,
  );
  return exitCodes.ok;
};
