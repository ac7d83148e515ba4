import { diffPolicies, readPolicy } from '@lethe/gate';
import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { readFile } from '../read-file.ts';

/** What two policies ask differently; the second is the built-in one where it is left out. */
export const run: CommandFunction<object> = async (_, out, before = '', after) => {
  const read = (argument: string, file: string | undefined) =>
    readPolicy(file === undefined ? '' : readFile(argument, file).toString());
  const [first, second] = [read('before', before), read('after', after)];
  const differences =
    after === undefined ? diffPolicies(second, first) : diffPolicies(first, second);
  out.result({ differences });
  if (differences.length === 0) out.line('They mean the same.');
  for (const line of differences) out.line(line);
  return exitCodes.ok;
};
