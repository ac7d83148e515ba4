import { type Command, Option } from 'commander';
import type { AddAction } from './add-action.ts';

/** Commands about proof: checking it, and the keys that sign it. */
export function addEvidenceCommands(program: Command, action: AddAction): void {
  program
    .command('verify')
    .summary('check a receipt, certificate, checkpoint or release bundle, offline')
    .description(
      'Checks signed evidence with nothing but the file and the published keys: form, signature, validity and revocation of the key, time. Needs no running Lethe. Exit code 0: valid; 6: not to be believed, with the reason.',
    )
    .argument('<file>', 'DSSE envelope ("-": standard input)')
    .requiredOption('--keys <file>', 'published key set; see: lethe keys export')
    .option('--files <dir>', 'for a release bundle: check the files it names in this folder too')
    .action(action(() => import('../commands/verify.ts')));

  const keys = program
    .command('keys')
    .summary('the keys that sign evidence')
    .description(
      'Keys live in the folder keys/ of --home, or in --folder. A running Lethe notices a change within seconds.',
    );
  const folder = () =>
    new Option('--folder <dir>', 'folder of keys (default: the one in --home)').env('LETHE_KEYS');
  keys
    .command('list')
    .summary('keys, from when to when each is valid, and what was revoked')
    .addOption(folder())
    .action(action(() => import('../commands/keys-list.ts')));
  keys
    .command('export')
    .summary('write the key set that auditors need')
    .argument('[file]', 'where it goes ("-": standard output)', '-')
    .addOption(folder())
    .action(action(() => import('../commands/keys-export.ts')));
  keys
    .command('rotate')
    .summary(
      'make a new key; older ones stop signing after five minutes and stay valid for the past',
    )
    .addOption(folder())
    .action(action(() => import('../commands/keys-rotate.ts')));
  keys
    .command('revoke')
    .summary('take a key out of trust')
    .argument('<key-id>', 'or the beginning of it')
    .addOption(folder())
    .addOption(
      new Option(
        '--reason <reason>',
        'compromised: nothing it ever signed is believed; retired: nothing it signs from now on',
      )
        .choices(['compromised', 'retired'])
        .makeOptionMandatory(),
    )
    .action(action(() => import('../commands/keys-revoke.ts')));
}
