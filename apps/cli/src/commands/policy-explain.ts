import { type ModeName, modeNames } from '@lethe/contracts';
import { explainMode, explainPolicy, policyDigest, readPolicy } from '@lethe/gate';
import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { readFile } from '../read-file.ts';

interface ExplainOptions {
  readonly mode?: ModeName;
}

/** Every check in a sentence. */
export const run: CommandFunction<ExplainOptions> = async ({ mode }, out, file) => {
  const policy = readPolicy(file === undefined ? '' : readFile('file', file).toString());
  const modes = mode === undefined ? modeNames : [mode];
  out.result({
    name: policy.name,
    policyDigest: policyDigest(policy),
    general: explainPolicy(policy),
    modes: Object.fromEntries(modes.map((each) => [each, explainMode(policy, each)])),
  });
  out.line(`Policy ${policy.name}, digest ${policyDigest(policy)}`);
  for (const sentence of explainPolicy(policy)) out.line(`  ${sentence}`);
  for (const each of modes) {
    out.line(`\n${each}`);
    for (const sentence of explainMode(policy, each)) out.line(`  ${sentence}`);
  }
  return exitCodes.ok;
};
