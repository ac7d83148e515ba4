import { readPolicy, writePolicy } from '@lethe/gate';
import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { readFile } from '../read-file.ts';

/** The whole policy as YAML, defaults written out. */
export const run: CommandFunction<object> = async (_, out, file) => {
  const policy = readPolicy(file === undefined ? '' : readFile('file', file).toString());
  out.result(policy);
  out.line(writePolicy(policy).trimEnd());
  return exitCodes.ok;
};
