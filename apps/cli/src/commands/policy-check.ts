import { policyDigest, readPolicy } from '@lethe/gate';
import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { readFile } from '../read-file.ts';

/** Exit code 0 for a policy that can be used, 2 with every fault and its line otherwise. */
export const run: CommandFunction<object> = async (_, out, file = '') => {
  const policy = readPolicy(readFile('file', file).toString());
  const digest = policyDigest(policy);
  out.result({ name: policy.name, policyDigest: digest });
  out.line(`${policy.name}: can be used, digest ${digest}`);
  return exitCodes.ok;
};
