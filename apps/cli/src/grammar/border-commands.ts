import { busSettings, storeSettings } from '@lethe/service-kit/config';
import { type Command, Option } from 'commander';
import type { AddAction } from './add-action.ts';
import { addConfigOptions } from './config-options.ts';
import { backendOption } from './shared-options.ts';

/** Commands about what Lethe stands on, and who may reach it. */
export function addBorderCommands(program: Command, action: AddAction): void {
  const doctor = program
    .command('doctor')
    .summary('look at everything Lethe stands on, and say what to mend')
    .description(
      'Looks at versions, settings, disk, the files of --home, keys, bus, object store, clocks, compute backend, data sets and the running Lethe. Each finding has its remedy. With --bus or --store (or their variables) it looks at services that run apart, else at the embedded Lethe of --home. Changes nothing; what it writes to an object store to try it is removed. Exit code 0: nothing must be mended; 6: something must.',
    )
    .addOption(
      new Option('--only <area...>', 'look at these only').choices([
        ...['versions', 'config', 'disk', 'home', 'keys', 'bus', 'store', 'clocks', 'backend'],
        ...['data', 'running'],
      ]),
    )
    .addOption(backendOption())
    .action(action(() => import('../commands/doctor.ts')));
  addConfigOptions(doctor, busSettings);
  addConfigOptions(doctor, storeSettings);

  const probe = program
    .command('probe')
    .summary('try whether an object store can be relied on')
    .description(
      'Tries on the object store of --store (default: the one in --home) what services demand at their start: 32 writers of one key have one winner, stale and missing versions are refused, listings are current, deletions leave nothing behind. What it writes lies below probe/ and is removed. Exit code 6: something does not hold.',
    )
    .action(action(() => import('../commands/probe.ts')));
  addConfigOptions(probe, storeSettings);

  const bucket = program.command('bucket').summary('the bucket of an S3 object store');
  const apply = bucket
    .command('apply')
    .summary('make the bucket that Lethe needs, or report what differs')
    .description(
      'Makes the bucket of --store where it is missing, without versioning and without object lock, and reports where an existing one differs. Never alters or deletes one, so it may be run again and again. Needs a key that may make buckets; the services do not. Exit code 6: something differs.',
    )
    .action(action(() => import('../commands/bucket-apply.ts')));
  addConfigOptions(apply, storeSettings);

  program
    .command('token')
    .summary('make a token for a caller')
    .description(
      'Makes a random token, readable by its owner only, and prints its SHA-256 for the identities file (docs/security.md). The token itself is kept nowhere else.',
    )
    .requiredOption('--out <file>', 'where the token goes; must be a new file')
    .action(action(() => import('../commands/token.ts')));
}
