import { type Command, Option } from 'commander';
import type { AddAction } from './add-action.ts';
import { limitOption } from './shared-options.ts';

/** Commands about statuses that are sent to emitters. */
export function addCallbackCommands(program: Command, action: AddAction): void {
  const callbacks = program
    .command('callbacks')
    .summary('what emitters are told of their requests: look, send again')
    .description(
      'Where an emitter has a callback (LETHE_CALLBACKS_FILE of the registry), it is sent signed statuses of its requests: at least once, each under one id. What its receiver does not take is tried again for a week, then it is listed here and waits for a replay.',
    );

  callbacks
    .command('list')
    .summary('callbacks that failed, wait, or were delivered')
    .addOption(
      new Option('--state <state>', 'which ones')
        .choices(['failed', 'pending', 'delivered'])
        .default('failed'),
    )
    .option('--emitter <name>', 'only of this emitter')
    .addOption(limitOption(100))
    .action(action(() => import('../commands/callbacks-list.ts')));

  callbacks
    .command('show')
    .summary('one callback: what was sent, what was answered')
    .argument('<id>', 'as listed')
    .action(action(() => import('../commands/callbacks-show.ts')));

  callbacks
    .command('replay')
    .summary('send again, under the same id, whatever became of it before')
    .argument('[id...]', 'as listed')
    .option('--request <uuid>', 'instead of ids: the present status of this request')
    .option('--emitter <name>', 'with --request: who sent it, where several used the id')
    .action(action(() => import('../commands/callbacks-replay.ts')));
}
