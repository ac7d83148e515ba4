import { AuditLog } from '@lethe/audit-log';
import { openStore } from '@lethe/service-kit';
import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { type AuditStoreOptions, storeConfigOf } from './audit-store.ts';

interface ListLogOptions extends AuditStoreOptions {
  readonly from: number;
  readonly model?: string;
  readonly kind?: string;
  readonly limit: number;
}

export const run: CommandFunction<ListLogOptions> = async (options, out) => {
  await using store = await openStore(storeConfigOf(options));
  let shown = 0;
  for await (const entry of new AuditLog({ store }).entries(options.from)) {
    if (options.model !== undefined && entry.modelKey !== options.model) continue;
    if (options.kind !== undefined && entry.kind !== options.kind) continue;
    out.result(entry);
    const details = Object.entries(entry.details)
      .filter(([name]) => !name.endsWith('_digest'))
      .map(([name, value]) => `${name}=${value}`);
    out.line(
      `${entry.index}  ${entry.time.toISOString()}  ${entry.kind}  ${entry.modelKey}  by ${entry.actor}  ${details.join(' ')}`,
    );
    shown += 1;
    if (shown >= options.limit) break;
  }
  if (shown === 0) out.line('No such entries.');
  return exitCodes.ok;
};
