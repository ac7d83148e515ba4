import { type Command, InvalidArgumentError } from 'commander';
import type { AddAction } from './add-action.ts';
import { by } from './release-commands.ts';

/** Commands that decide about requests, and count them. */
export function addRequestCommands(program: Command, action: AddAction): void {
  for (const { name, summary, load } of withdrawals) {
    program
      .command(name)
      .summary(summary)
      .description(
        `${summary[0]?.toUpperCase()}${summary.slice(1)}. Refused once the request is completed; while a round is being judged it is tried again for --timeout seconds.`,
      )
      .argument('<request-id>')
      .requiredOption('--reason <text>', 'why, for the record; never about a person')
      .option('--emitter <name>', 'who sent it, where several used the id')
      .option('--timeout <seconds>', 'how long to try', wholeNumber, 600)
      .addOption(by())
      .action(action(load));
  }

  program
    .command('extend')
    .summary('extend the legal deadline of a request, once')
    .description(
      'By what its law allows: two months (GDPR), 45 days (CCPA), or as configured. Only before the deadline has passed, and only when the person was told.',
    )
    .argument('<request-id>')
    .requiredOption('--reason <text>', 'why, for the record; never about a person')
    .requiredOption('--notice-time <iso>', 'when the person was told')
    .option('--emitter <name>', 'who sent it, where several used the id')
    .addOption(by())
    .action(action(() => import('../commands/extend.ts')));

  program
    .command('report')
    .summary('requests of a year: received, complied with, denied, days')
    .requiredOption('--year <year>', 'calendar year of submission', wholeNumber)
    .option('--model <key>', 'only this model')
    .option('--regulation <name>', 'only this law: gdpr, ccpa, other')
    .action(action(() => import('../commands/report.ts')));
}

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

function wholeNumber(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number)) return number;
  throw new InvalidArgumentError('It must be a whole number.');
}
