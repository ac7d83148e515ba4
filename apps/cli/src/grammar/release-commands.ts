import type { Command } from 'commander';
import type { AddAction } from './add-action.ts';
import { byOption, limitOption, storeOption } from './shared-options.ts';

/** Commands about what serves, served, and may go out. */
export function addReleaseCommands(program: Command, action: AddAction): void {
  program
    .command('check-release')
    .summary('may exactly this model be deployed? for CI')
    .description(
      'Exit code 0 only if exactly these weights serve, every completed request is covered, nothing is overdue and nothing is in quarantine; 6 otherwise, with each reason; 5 when the registry does not answer.',
    )
    .requiredOption('--model <dir|digest>', 'exported model folder, or SHA-256 of its weights')
    .option('--key <model-key>', 'model that it must be (default: whichever serves these weights)')
    .action(action(() => import('../commands/check-release.ts')));

  program
    .command('bundle')
    .summary('write what serves as a folder that a deployer can check, signed')
    .description(
      'Writes the served network (a tfjs LayersModel), its verdict, its lineage, the requests it covers and a checkpoint of the audit log, and release.json, which is signed over all of them. Check it anywhere: lethe verify DIR/release.json --keys FILE --files DIR',
    )
    .argument('<model-key>', 'as listed by lethe models')
    .requiredOption('--out <dir>', 'folder to write; must not exist or be empty')
    .addOption(storeOption())
    .action(action(() => import('../commands/bundle.ts')));

  program
    .command('serving')
    .summary('what serves, and what served when')
    .description(
      'Lists the moves of the serving pointer, newest first, with how each came about; with --at the one version that served at a time.',
    )
    .argument('<model-key>', 'as listed by lethe models')
    .option('--at <time>', 'what served at this time, for example 2026-01-31T09:30:00Z')
    .addOption(limitOption(20))
    .action(action(() => import('../commands/serving.ts')));

  program
    .command('versions')
    .summary('every version of a model and what became of it')
    .description(
      'Lists every version with its state (evaluating, passed, rejected, serving, superseded, rolled_back, purge_due, purged, quarantined) and the reason. Weights that are purged are gone for good; their record stays.',
    )
    .argument('<model-key>', 'as listed by lethe models')
    .addOption(limitOption(100))
    .action(action(() => import('../commands/versions.ts')));

  program
    .command('rollback')
    .summary('serve an earlier version again')
    .description(
      'Refused when the version still remembers what completed requests asked to forget, unless --override is given: those requests are then open again and carried out anew. Where two people are needed, the second one repeats the command with --approves.',
    )
    .argument('<model-key>', 'as listed by lethe models')
    .argument('<version>', '0: the original')
    .option('--reason <text>', 'why, for the record; never about a person')
    .option('--override', 'although completed requests are not covered')
    .option('--approves <id>', 'proposal of somebody else')
    .addOption(byOption())
    .action(action(() => import('../commands/rollback.ts')));

  program
    .command('quarantine')
    .summary('keep a version from serving')
    .description(
      'Marks a version so that it is never promoted, rolled back to, or let through check-release. One that serves goes on serving until it is rolled back.',
    )
    .argument('<model-key>', 'as listed by lethe models')
    .argument('<version>', 'as listed by lethe versions')
    .requiredOption('--reason <text>', 'why, for the record')
    .addOption(byOption())
    .action(action(() => import('../commands/quarantine.ts')));

  program
    .command('servers')
    .summary('what servers run, beside what they should run')
    .description(
      'Shows what each inference server last reported (examples/inference-server.ts does), beside what serves by the record, and who is behind. Exit code 6: one of them does not run what it should.',
    )
    .argument('[model-key]', 'only this model')
    .action(action(() => import('../commands/servers.ts')));
}
