import { writeFileSync } from 'node:fs';
import { encodeKeySet, parseKeySet } from '@lethe/evidence';
import type { CommandFunction, GlobalOptions } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { counted } from '../output/format.ts';
import { type KeyFolderOptions, openKeyFolder } from './key-folder.ts';
import { connectEvidence } from './running-lethe.ts';

export const run: CommandFunction<KeyFolderOptions> = async (options, out, file = '-') => {
  const text = await keySetOf(options);
  if (file === '-') {
    out.result(JSON.parse(text));
    out.line(text.trimEnd());
    return exitCodes.ok;
  }
  writeFileSync(file, text);
  const { size } = parseKeySet(text);
  out.result({ file, keys: size });
  out.line(
    `${counted(size, 'key')} in ${file}. Publish it where auditors can get it without asking you.`,
  );
  return exitCodes.ok;
};

/** Of a running Lethe that is named by its address: the keys of all of its services. */
async function keySetOf(options: KeyFolderOptions & GlobalOptions): Promise<string> {
  if (options.address === undefined || options.folder !== undefined) {
    return encodeKeySet(openKeyFolder(options).keys().values());
  }
  await using evidence = connectEvidence(options);
  return (await evidence.getKeySet({})).keySet;
}
