import { type Command, Option } from 'commander';
import type { AddAction } from './add-action.ts';
import { byOption, limitOption } from './shared-options.ts';

/** Commands about records that no retry could help. */
export function addDlqCommands(program: Command, action: AddAction): void {
  const dlq = program
    .command('dlq')
    .summary('records that no retry could help: look, replay, drop')
    .description(
      'A record that cannot be handled (unreadable, of an unknown model, contradicting the record) is set aside in <topic>.dlq with its bytes, and waits for a decision: replay it when the cause is mended, or drop it. Each is decided once, with a reason; the decision is kept. A deletion request that waits here is not done, and its legal clock runs on.',
    )
    .addHelpText('after', closingHelp);

  dlq
    .command('list')
    .summary('what waits, oldest first')
    .option('--topic <name>', 'only originals of this topic')
    .option('--model <key>', 'only this model')
    .addOption(
      new Option('--state <state>', 'which ones')
        .choices(['open', 'replayed', 'dropped'])
        .default('open'),
    )
    .addOption(limitOption(100))
    .action(action(() => import('../commands/dlq-list.ts')));

  dlq
    .command('show')
    .summary('one entry: what it is, what went wrong, what was decided')
    .argument('<id>', 'as listed; the part after the last "-" may be left out')
    .option('--body', 'its key, headers and bytes too (they may be personal)')
    .action(action(() => import('../commands/dlq-show.ts')));

  for (const { name, summary, load } of decisions) {
    const command = dlq
      .command(name)
      .summary(summary)
      .argument('[id...]', 'as listed')
      .requiredOption('--reason <text>', 'why, for whoever reads the record later')
      .addOption(byOption())
      .option('--all', 'instead of ids: every open entry that --topic and --model leave')
      .option('--topic <name>', 'with --all: only originals of this topic')
      .option('--model <key>', 'with --all: only this model');
    if (name === 'replay') {
      command.option('--out-of-order', 'although an earlier record of the same key waits too');
    }
    command.action(action(load));
  }
}

const decisions = [
  {
    name: 'replay',
    summary: 'send the original to its topic again; a second time does nothing',
    load: () => import('../commands/dlq-replay.ts'),
  },
  {
    name: 'drop',
    summary: 'leave it at that, for good',
    load: () => import('../commands/dlq-drop.ts'),
  },
] as const;

const closingHelp = `
An example
  lethe dlq list
  lethe dlq show deletion.requested.v1/3/42
  lethe import my-model …                       mend what was wrong
  lethe dlq replay deletion.requested.v1/3/42 --reason "the model is registered now"

Order
  A replayed record comes after everything its topic got meanwhile; of records with one key the
  earliest goes first. What was applied already is dropped by its id, so a replay never does twice.
`;
