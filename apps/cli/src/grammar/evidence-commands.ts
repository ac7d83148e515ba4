import { type Command, Option } from 'commander';
import type { AddAction } from './add-action.ts';
import { wholeNumber } from './numbers.ts';
import {
  byOption,
  emitterOption,
  keyFolderOption,
  limitOption,
  storeOption,
} from './shared-options.ts';

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
  keys
    .command('list')
    .summary('keys, from when to when each is valid, and what was revoked')
    .addOption(keyFolderOption())
    .action(action(() => import('../commands/keys-list.ts')));
  keys
    .command('export')
    .summary('write the key set that auditors need')
    .argument('[file]', 'where it goes ("-": standard output)', '-')
    .addOption(keyFolderOption())
    .action(action(() => import('../commands/keys-export.ts')));
  keys
    .command('rotate')
    .summary(
      'make a new key; older ones stop signing after five minutes and stay valid for the past',
    )
    .addOption(keyFolderOption())
    .action(action(() => import('../commands/keys-rotate.ts')));
  keys
    .command('revoke')
    .summary('take a key out of trust')
    .argument('<key-id>', 'or the beginning of it')
    .addOption(keyFolderOption())
    .addOption(
      new Option(
        '--reason <reason>',
        'compromised: nothing it ever signed is believed; retired: nothing it signs from now on',
      )
        .choices(['compromised', 'retired'])
        .makeOptionMandatory(),
    )
    .action(action(() => import('../commands/keys-revoke.ts')));

  program
    .command('certificate')
    .summary('the signed certificate of a completed request')
    .description(
      'Gets the certificate of a completed request: what was asked, done and measured, signed. It names no person. Check it with lethe verify. Exit code 3: the request has not completed, or is not known.',
    )
    .argument('<request-id>', 'UUID of the request')
    .addOption(emitterOption())
    .option('--out <file>', 'where it goes ("-": standard output)', '-')
    .action(action(() => import('../commands/certificate.ts')));

  const log = program
    .command('audit-log')
    .summary('the log of what was decided and done')
    .description(
      'Reads the hash-chained log in the object store: --store, or the one in --home. Needs no running Lethe, but for checkpoint.',
    );
  log
    .command('verify')
    .summary('check every entry: nothing cut off, changed, reordered, or signed by others')
    .requiredOption('--keys <file>', 'published key set; see: lethe keys export')
    .option('--kept <file>', 'a checkpoint that was kept outside: the log must still hold it')
    .addOption(storeOption())
    .action(action(() => import('../commands/audit-log-verify.ts')));
  log
    .command('list')
    .summary('entries, oldest first')
    .option('--from <index>', 'first entry', wholeNumber(0, 2 ** 53 - 1), 0)
    .option('--model <key>', 'only this model')
    .option('--kind <kind>', 'only this kind, for example promotion, rollback, purge')
    .addOption(limitOption(1000, 1_000_000))
    .addOption(storeOption())
    .action(action(() => import('../commands/audit-log-list.ts')));
  log
    .command('prune')
    .summary('remove entries whose time to be kept is over, where services may not')
    .description(
      'Removes whole packs of entries that are all older, and says so in the log, which can be verified as before. The registry does this by itself where its key may delete below audit/packs/; otherwise an operator does, with a key that may.',
    )
    .option('--older-than-days <n>', 'age of what goes', wholeNumber(1, 36_500), 731)
    .addOption(byOption())
    .addOption(storeOption())
    .action(action(() => import('../commands/audit-log-prune.ts')));
  log
    .command('checkpoint')
    .summary('sign the present end of the log, to be kept elsewhere')
    .argument('[file]', 'where it goes ("-": standard output)', '-')
    .action(action(() => import('../commands/audit-log-checkpoint.ts')));
}
