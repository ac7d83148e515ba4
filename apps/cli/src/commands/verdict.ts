import { writeFileSync } from 'node:fs';
import { type Check, EvaluateRequest, LetheError, Outcome, Verdict } from '@lethe/contracts';
import { formatFigure, metricNames, metricOf, percent } from '@lethe/gate';
import type { CommandFunction, GlobalOptions } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { counted, shortDigest } from '../output/format.ts';
import { outcomeName } from '../output/names.ts';
import type { Output } from '../output/output.ts';
import { readFile } from '../read-file.ts';
import { renderVerdictPage } from '../verdict/verdict-page.ts';
import { connectEvaluator } from './running-lethe.ts';

interface VerdictOptions {
  readonly html?: string;
  readonly dryRun?: boolean;
  readonly policy?: string;
}

/** Exit code 0 for a pass, 6 for anything else. */
export const run: CommandFunction<VerdictOptions> = async (
  options,
  out,
  modelKey = '',
  text = '',
) => {
  const sequence = Number(text);
  if (!Number.isInteger(sequence) || sequence < 1 || sequence >= 2 ** 32) {
    throw LetheError.invalid(
      'sequence',
      text,
      'is not a round',
      'Give a number from: lethe rounds',
    );
  }
  const dryRun = options.dryRun === true || options.policy !== undefined;
  const { verdict, digest } = dryRun
    ? await evaluateNow(options, out, modelKey, sequence)
    : await storedVerdict(options, modelKey, sequence);
  out.result({ verdict: Verdict.toJSON(verdict), verdictDigest: digest });
  showVerdict(verdict, digest, out);
  if (options.html !== undefined) {
    writePage(options.html, renderVerdictPage(verdict, digest));
    out.line(`\nPage: ${options.html}`);
  }
  return verdict.outcome === Outcome.OUTCOME_PASS ? exitCodes.ok : exitCodes.refused;
};

async function storedVerdict(options: GlobalOptions, modelKey: string, sequence: number) {
  await using evaluator = connectEvaluator(options);
  const { verdict, verdictDigest } = await evaluator.getVerdict({ modelKey, sequence });
  if (verdict === undefined) {
    throw new LetheError('not_found', `round ${sequence} of ${modelKey} has no verdict yet`);
  }
  return { verdict, digest: verdictDigest };
}

/** What the gate would say now; writes nothing. */
async function evaluateNow(
  options: GlobalOptions & VerdictOptions,
  out: Output,
  modelKey: string,
  sequence: number,
) {
  const policyYaml =
    options.policy === undefined ? '' : readFile('--policy', options.policy).toString();
  const request = EvaluateRequest.create({ modelKey, sequence, policyYaml });
  const bar = out.progress(`evaluating round ${sequence}`);
  await using evaluator = connectEvaluator(options);
  try {
    for await (const { update } of evaluator.watchEvaluate(request)) {
      if (update?.$case === 'progress')
        bar.update(update.value.done, update.value.total, 'samples');
      if (update?.$case === 'verdict') return { verdict: update.value, digest: '' };
    }
  } finally {
    bar.finish();
  }
  throw new LetheError('unavailable', 'the evaluation ended without a verdict; try again');
}

function showVerdict(verdict: Verdict, digest: string, out: Output): void {
  const { green, red, yellow } = out.colours;
  const colour = (outcome: Outcome) =>
    outcome === Outcome.OUTCOME_PASS ? green : outcome === Outcome.OUTCOME_FAIL ? red : yellow;
  const undecided = verdict.checks.filter(({ advisory }) => advisory).length;
  out.line(
    [
      `${verdict.modelKey} round ${verdict.sequence}: ${colour(verdict.outcome)(outcomeName(verdict.outcome))}`,
      ...(undecided === 0 ? [] : [`${counted(undecided, 'check')} recorded as undecided`]),
      `against round ${verdict.servedSequence} and the original`,
      `policy ${verdict.policyName} ${shortDigest(verdict.policyDigest)}`,
      digest === '' ? 'a dry run: nothing was written' : `verdict ${shortDigest(digest)}`,
    ].join(', '),
  );
  out.line();
  out.table(
    [
      { title: 'check' },
      { title: 'outcome' },
      { title: 'figure', align: 'right' },
      { title: 'interval', align: 'right' },
      { title: 'allowed', align: 'right' },
      { title: 'samples', align: 'right' },
    ],
    verdict.checks.map((check) => [
      check.name,
      check.advisory ? `${outcomeName(check.outcome)} (recorded)` : outcomeName(check.outcome),
      ...figures(check),
      check.sampleCount === 0 ? '' : String(check.sampleCount),
    ]),
  );
  const notPassed = verdict.checks.filter(({ outcome }) => outcome !== Outcome.OUTCOME_PASS);
  if (notPassed.length > 0) out.line('\nNot passed:');
  for (const { name, reason, explanation } of notPassed) {
    out.line(`  ${name}: ${reason === '' ? '' : `${reason}: `}${explanation}`);
  }
}

function figures(check: Check): [string, string, string] {
  const metric = metricNames.find((name) => name === check.metric);
  if (metric === undefined) return ['', '', ''];
  const { unit } = metricOf(metric);
  const show = (value: number) =>
    unit === 'difference' ? percent(value).replace('-', '−') : formatFigure(value, unit);
  const allowed = `${show(check.low)} … ${show(check.high)}`;
  if (check.reason === 'too_few_samples') return ['', '', allowed];
  const interval = `${show(check.intervalLow)} … ${show(check.intervalHigh)}`;
  return [show(check.value), check.intervalMethod === '' ? '' : interval, allowed];
}

function writePage(file: string, page: string): void {
  try {
    writeFileSync(file, page);
  } catch (cause) {
    throw LetheError.invalid(
      '--html',
      file,
      (cause as Error).message,
      'Give a file in a folder that this user may write to.',
    );
  }
}
