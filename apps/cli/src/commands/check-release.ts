import { CheckReleaseResponse } from '@lethe/contracts';
import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { modelDigests } from '../release/model-digests.ts';
import { connectEvidence } from './running-lethe.ts';

interface CheckReleaseOptions {
  readonly model: string;
  readonly key?: string;
}

/** Exit code 0 only when everything holds; 6 otherwise, with each reason. */
export const run: CommandFunction<CheckReleaseOptions> = async (options, out) => {
  const digests = modelDigests(options.model);
  await using evidence = connectEvidence(options);
  const answer = await evidence.checkRelease({ ...digests, modelKey: options.key ?? '' });
  out.result({ ...(CheckReleaseResponse.toJSON(answer) as object), ...digests });
  const { serving } = answer;
  const what = serving === undefined ? '' : `${serving.modelKey} version ${serving.sequence}, `;
  const weights = `weights ${digests.weightsDigest.slice(0, 12)}`;
  if (answer.allowed) {
    out.line(`${out.colours.green('may be released')}: ${what}${weights}`);
    return exitCodes.ok;
  }
  out.line(`${out.colours.red('must not be released')}: ${what}${weights}`);
  for (const { reason, explanation } of answer.problems) out.line(`  ${reason}: ${explanation}`);
  return exitCodes.refused;
};
