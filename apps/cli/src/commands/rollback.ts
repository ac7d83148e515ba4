import { RollbackRequest, RollbackResponse } from '@lethe/contracts';
import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { counted } from '../output/format.ts';
import { parseSequence } from '../output/parse-sequence.ts';
import { connectRelease } from './running-lethe.ts';

interface RollbackOptions {
  readonly reason?: string;
  readonly override?: boolean;
  readonly approves?: string;
  readonly by: string;
}

export const run: CommandFunction<RollbackOptions> = async (
  options,
  out,
  modelKey = '',
  sequence = '',
) => {
  await using release = connectRelease(options, options.by);
  const answer = await release.rollback(
    RollbackRequest.fromPartial({
      modelKey,
      sequence: parseSequence(sequence),
      reason: options.reason ?? '',
      override: options.override ?? false,
      approves: options.approves ?? '',
    }),
  );
  out.result(RollbackResponse.toJSON(answer));
  if (answer.serving === undefined) {
    out.line(`Somebody else has to approve, within a day:`);
    out.line(`  lethe rollback ${modelKey} ${sequence} --approves ${answer.proposalId}`);
    return exitCodes.ok;
  }
  out.line(`${modelKey} serves version ${answer.serving.sequence} again.`);
  if (answer.reopenedRequestCount > 0) {
    out.note(
      `note: ${counted(answer.reopenedRequestCount, 'request')} open again, to be carried out.`,
    );
  }
  return exitCodes.ok;
};
