import { LetheError, Outcome, Verdict } from '@lethe/contracts';
import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { shortDigest } from '../output/format.ts';
import { outcomeName } from '../output/names.ts';
import { connectEvaluator } from './running-lethe.ts';

/** Exit code 0 for a pass, 6 for anything else. */
export const run: CommandFunction<object> = async (options, out, modelKey = '', sequence = '') => {
  const number = Number(sequence);
  if (!Number.isInteger(number) || number < 1 || number >= 2 ** 32) {
    throw LetheError.invalid(
      'sequence',
      sequence,
      'is not a round',
      'Give a number from: lethe rounds',
    );
  }
  await using evaluator = connectEvaluator(options);
  const { verdict, verdictDigest } = await evaluator.getVerdict({ modelKey, sequence: number });
  if (verdict === undefined) {
    throw new LetheError('not_found', `round ${number} of ${modelKey} has no verdict yet`);
  }
  out.result({ verdict: Verdict.toJSON(verdict), verdictDigest });
  const colour = verdict.outcome === Outcome.OUTCOME_PASS ? out.colours.green : out.colours.red;
  out.line(
    `${modelKey} round ${number}: ${colour(outcomeName(verdict.outcome))}, against round ${verdict.servedSequence} and the original, policy ${shortDigest(verdict.policyDigest)}, verdict ${shortDigest(verdictDigest)}`,
  );
  out.line();
  out.table(
    [
      { title: 'check' },
      { title: 'outcome' },
      { title: 'value', align: 'right' },
      { title: 'threshold', align: 'right' },
      { title: 'samples', align: 'right' },
      { title: 'meaning' },
    ],
    verdict.checks.map((check) => [
      check.name,
      outcomeName(check.outcome),
      check.value.toFixed(4),
      check.threshold.toFixed(4),
      String(check.sampleCount),
      check.explanation,
    ]),
  );
  return verdict.outcome === Outcome.OUTCOME_PASS ? exitCodes.ok : exitCodes.refused;
};
