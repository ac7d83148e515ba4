import type { RevocationReason } from '@lethe/evidence';
import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { type KeyFolderOptions, openKeyFolder } from './key-folder.ts';

interface RevokeOptions extends KeyFolderOptions {
  readonly reason: RevocationReason;
}

export const run: CommandFunction<RevokeOptions> = async (options, out, keyId = '') => {
  openKeyFolder(options).revoke(keyId, options.reason, new Date());
  out.result({ keyId, reason: options.reason });
  out.line(`Key ${keyId} is revoked. Publish the key set anew: lethe keys export FILE`);
  return exitCodes.ok;
};
