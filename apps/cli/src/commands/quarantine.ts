import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { parseSequence } from '../output/parse-sequence.ts';
import { connectRelease } from './running-lethe.ts';

interface QuarantineOptions {
  readonly reason: string;
  readonly by: string;
}

export const run: CommandFunction<QuarantineOptions> = async (
  options,
  out,
  modelKey = '',
  version = '',
) => {
  await using release = connectRelease(options, options.by);
  const sequence = parseSequence(version);
  await release.quarantine({ modelKey, sequence, reason: options.reason });
  out.result({ modelKey, sequence });
  out.line(
    `Version ${sequence} of ${modelKey} is in quarantine: it will not be promoted or rolled back to.`,
  );
  return exitCodes.ok;
};
