import { keyToJson } from '@lethe/evidence';
import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { type KeyFolderOptions, openKeyFolder } from './key-folder.ts';

export const run: CommandFunction<KeyFolderOptions> = async (options, out) => {
  const keys = [...openKeyFolder(options).keys().values()];
  for (const key of keys) out.result(keyToJson(key));
  out.table(
    [{ title: 'key' }, { title: 'valid from' }, { title: 'to' }, { title: 'revoked' }],
    keys.map(({ keyId, notBefore, notAfter, revokedTime, revocationReason }) => [
      keyId.slice(0, 16),
      notBefore,
      notAfter ?? '',
      revokedTime === undefined ? '' : `${revokedTime} (${revocationReason})`,
    ]),
  );
  return exitCodes.ok;
};
