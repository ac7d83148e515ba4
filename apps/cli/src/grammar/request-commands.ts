import { type Command, Option } from 'commander';
import type { AddAction } from './add-action.ts';
import { wholeNumber } from './numbers.ts';
import { byOption, emitterOption } from './shared-options.ts';

/** Commands that make requests, decide about them, and count them. */
export function addRequestCommands(program: Command, action: AddAction): void {
  program
    .command('submit')
    .summary('ask for deletion')
    .description('Sends deletion requests to a running Lethe and prints their receipts.')
    .option('--model <key>', 'model that must forget')
    .option('--models <list>', 'several models, comma-separated: one request, done when all are')
    .option('--all-models', 'every model that is registered')
    .option('--subject <handle>', 'everything of this pseudonymous handle')
    .option('--sample <id...>', 'samples by id')
    .option('--sha256 <hex...>', 'samples by SHA-256')
    .option('--class <label>', 'a whole label', wholeNumber(0, 2 ** 31 - 1))
    .addOption(
      new Option(
        '--file <file>',
        'many requests: JSON lines as in the HTTP API ("-": standard input)',
      ).conflicts(whatOneRequestSays),
    )
    .option('--id <uuid>', 'request id; reuse it to ask again safely (default: a new one)')
    .option(
      '--emitter <name>',
      'the system that asks (default: cli; with a token or certificate, whoever that is)',
    )
    .option('--mode <mode>', 'untrain, misclassify, relabel (default: the model’s)')
    .option('--relabel-to <label>', 'with --mode relabel', wholeNumber(0, 2 ** 31 - 1))
    .option('--regulation <name>', 'gdpr, ccpa, other', 'gdpr')
    .option('--submitted-time <iso>', 'when the person asked (default: now)')
    .option('--wait', 'wait until every request has ended')
    .action(action(() => import('../commands/submit.ts')));

  for (const { name, summary, load } of withdrawals) {
    program
      .command(name)
      .summary(summary)
      .description(
        `${summary[0]?.toUpperCase()}${summary.slice(1)}. Refused once the request is completed; while a round is being judged it is tried again for --timeout seconds.`,
      )
      .argument('<request-id>', 'UUID of the request')
      .requiredOption('--reason <text>', 'why, for the record; never about a person')
      .addOption(emitterOption())
      .option('--timeout <seconds>', 'how long to try', wholeNumber(0, 86_400), 600)
      .addOption(byOption())
      .action(action(load));
  }

  program
    .command('extend')
    .summary('extend the legal deadline of a request, once')
    .description(
      'By what its law allows: two months (GDPR), 45 days (CCPA), or as configured. Only before the deadline has passed, and only when the person was told.',
    )
    .argument('<request-id>', 'UUID of the request')
    .requiredOption('--reason <text>', 'why, for the record; never about a person')
    .requiredOption('--notice-time <iso>', 'when the person was told')
    .addOption(emitterOption())
    .addOption(byOption())
    .action(action(() => import('../commands/extend.ts')));

  program
    .command('report')
    .summary('requests of a year: received, complied with, denied, days')
    .description(
      'Counts the requests submitted in a calendar year as the CCPA (section 7102) wants them published, with mean and median days to the answer; and those still open, by how much of their time has passed.',
    )
    .requiredOption('--year <year>', 'calendar year of submission', wholeNumber(1970, 9999))
    .option('--model <key>', 'only this model')
    .option('--regulation <name>', 'only this law: gdpr, ccpa, other')
    .action(action(() => import('../commands/report.ts')));
}

/** Options of `submit` that say what a line of `--file` says. */
const whatOneRequestSays = [
  'model',
  'models',
  'allModels',
  'subject',
  'sample',
  'sha256',
  'class',
  'id',
  'mode',
  'relabelTo',
  'submittedTime',
];

const withdrawals = [
  {
    name: 'cancel',
    summary: 'take a request back, as its emitter',
    load: () => import('../commands/cancel.ts'),
  },
  {
    name: 'deny',
    summary: 'refuse a request that must not be carried out',
    load: () => import('../commands/deny.ts'),
  },
];
