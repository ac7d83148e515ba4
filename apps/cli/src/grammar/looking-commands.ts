import { type Command, Option } from 'commander';
import type { AddAction } from './add-action.ts';
import { wholeNumber } from './numbers.ts';
import { limitOption, ownEmitterOption, storeOption } from './shared-options.ts';

/** Commands that show what is going on. */
export function addLookingCommands(program: Command, action: AddAction): void {
  program
    .command('status')
    .summary('where requests stand')
    .description(
      'Shows the latest requests, or all of one: each state with its time and detail. Days left are whole days until the legal deadline. Exit code 3: there is no such request.',
    )
    .argument('[request-id]', 'one request; without it, the latest')
    .addOption(ownEmitterOption())
    .option('--model <key>', 'only this model')
    .option(
      '--state <name>',
      'accepted, in_round, completed, no_match, removed_from_evaluation, already_forgotten, escalated, duplicate, …',
    )
    .addOption(limitOption(20))
    .action(action(() => import('../commands/status.ts')));

  program
    .command('top')
    .summary('watch models, backlog, rounds in flight and deadlines, until Ctrl-C')
    .description(
      'A view of the running Lethe that is kept current: what is overdue or escalated first. Where standard output is no terminal it is printed once; with --json a line is printed for every look.',
    )
    .option('--every <ms>', 'time between two looks', wholeNumber(100, 3_600_000), 1000)
    .option('--once', 'look once')
    .action(action(() => import('../commands/top.ts')));

  program
    .command('trace')
    .summary('the life of one request, from receipt to completion')
    .description(
      'Tells from the records what happened to a request and when: submission, receipt, every round that served it, verdicts, promotion, completion, deadline; and the traces of request and rounds, with links where --trace-url is given. Rounds and verdicts come from the object store.',
    )
    .argument('<request-id>', 'UUID of the request')
    .addOption(ownEmitterOption())
    .addOption(
      new Option(
        '--trace-url <url>',
        'where traces are shown, for example "http://localhost:16686/trace/{trace_id}"',
      ).env('LETHE_TRACE_URL'),
    )
    .addOption(storeOption())
    .action(action(() => import('../commands/trace.ts')));

  program
    .command('models')
    .summary('models, what serves, and open requests')
    .description(
      'Lists registered models with the version that serves, when it was promoted, and how many requests are open or escalated. With --export it writes the network that serves, digests verified, without a running Lethe.',
    )
    .argument('[model-key]', 'one model')
    .option(
      '--export <dir>',
      'write the served network as a tfjs LayersModel folder (from --store)',
    )
    .addOption(storeOption())
    .action(action(() => import('../commands/models.ts')));

  program
    .command('rounds')
    .summary('the lineage of a model')
    .description(
      'Lists every round that was committed, promoted or not: what it started from, mode, method and ladder step, requests and samples, accuracy on the forgotten samples before and after, and the digest of its weights. lethe verdict says why one passed or failed.',
    )
    .argument('<model-key>', 'as listed by lethe models')
    .option('--after <sequence>', 'only later ones', wholeNumber(0, 2 ** 32 - 1), 0)
    .addOption(limitOption(100))
    .option('--watch', 'show rounds as they run, until Ctrl-C')
    .action(action(() => import('../commands/rounds.ts')));
}
