import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { type KeyFolderOptions, openKeyFolder } from './key-folder.ts';

export const run: CommandFunction<KeyFolderOptions> = async (options, out) => {
  const keyId = openKeyFolder(options).rotate(new Date());
  out.result({ keyId });
  out.line(`Key ${keyId} signs from now on. Publish the key set anew: lethe keys export FILE`);
  return exitCodes.ok;
};
