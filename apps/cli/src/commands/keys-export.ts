import { writeFileSync } from 'node:fs';
import { encodeKeySet } from '@lethe/evidence';
import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { type KeyFolderOptions, openKeyFolder } from './key-folder.ts';

export const run: CommandFunction<KeyFolderOptions> = async (options, out, file = '-') => {
  const keys = openKeyFolder(options).keys();
  const text = encodeKeySet(keys.values());
  if (file === '-') {
    out.result(JSON.parse(text));
    out.line(text.trimEnd());
    return exitCodes.ok;
  }
  writeFileSync(file, text);
  out.result({ file, keys: keys.size });
  out.line(
    `${keys.size} keys are in ${file}. Publish it where auditors can get it without asking you.`,
  );
  return exitCodes.ok;
};
