import { verifyLog } from '@lethe/audit-log';
import { parseKeySet } from '@lethe/evidence';
import { openStore } from '@lethe/service-kit';
import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { counted } from '../output/format.ts';
import { readFile } from '../read-file.ts';
import { type AuditStoreOptions, storeConfigOf } from './audit-store.ts';

interface VerifyLogOptions extends AuditStoreOptions {
  readonly keys: string;
  readonly kept?: string;
}

/** Exit code 0: sound; 6: not, with what is wrong and where. */
export const run: CommandFunction<VerifyLogOptions> = async (options, out) => {
  const keys = parseKeySet(readFile('--keys', options.keys).toString('utf8'));
  const kept = options.kept === undefined ? undefined : readFile('--kept', options.kept);
  await using store = await openStore(storeConfigOf(options));
  const found = await verifyLog({
    store,
    keys,
    now: new Date(),
    ...(kept === undefined ? {} : { kept }),
  });
  out.result(found);
  if (found.kind === 'sound') {
    const { point, first, checkpoints } = found;
    out.line(
      `${out.colours.green('sound')}: ${counted(point.size - first, 'entry', 'entries')}${first > 0 ? ` from ${first} on` : ''}, ${counted(checkpoints, 'checkpoint')}, head ${point.head}`,
    );
    if (kept === undefined) {
      out.note(
        'note: keep a checkpoint elsewhere (lethe audit-log checkpoint) and give it with --kept next time: a log that is cut off together with its checkpoints shows by that alone.',
      );
    }
    return exitCodes.ok;
  }
  out.line(`${out.colours.red('not sound')} (${found.kind}): ${found.explanation}`);
  return exitCodes.refused;
};
