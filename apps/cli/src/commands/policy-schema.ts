import { policySchema } from '@lethe/gate';
import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';

/** JSON Schema of policy files, for editors. */
export const run: CommandFunction<object> = async (_, out) => {
  out.result(policySchema());
  out.line(JSON.stringify(policySchema(), null, 2));
  return exitCodes.ok;
};
