import { VersionSummary } from '@lethe/contracts';
import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { shortDigest } from '../output/format.ts';
import { connectRelease } from './running-lethe.ts';

interface VersionsOptions {
  readonly limit: number;
}

export const run: CommandFunction<VersionsOptions> = async (options, out, modelKey = '') => {
  await using release = connectRelease(options);
  const { versions } = await release.listVersions({
    modelKey,
    beforeSequence: 0,
    limit: options.limit,
  });
  for (const version of versions) out.result(VersionSummary.toJSON(version));
  out.table(
    [
      { title: 'version', align: 'right' },
      { title: 'state' },
      { title: 'weights' },
      { title: 'made' },
      { title: 'why' },
    ],
    versions.map(({ sequence, state, weightsDigest, createdTime, reason }) => [
      String(sequence),
      state,
      shortDigest(weightsDigest),
      createdTime?.toISOString() ?? '',
      reason,
    ]),
  );
  return exitCodes.ok;
};
