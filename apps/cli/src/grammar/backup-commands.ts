import { busSettings, storeSettings } from '@lethe/service-kit/config';
import type { Command } from 'commander';
import type { AddAction } from './add-action.ts';
import { addConfigOptions } from './config-options.ts';
import { wholeNumber } from './numbers.ts';

/** Commands that keep what Lethe knows, and bring it back. */
export function addBackupCommands(program: Command, action: AddAction): void {
  const backup = program
    .command('backup')
    .summary('copy all that a Lethe knows, also while it runs')
    .description(
      'Copies the home of an embedded Lethe (object store, message log, request index, projection, keys), or with --store the object store of services that run apart. Each run adds a snapshot; bytes that an earlier one holds are not copied again, and a run that was interrupted goes on. What is copied is one consistent picture: see docs/backup.md. The folder is readable by its owner only.',
    )
    .argument('<folder>', 'where backups go: new, empty, or of earlier ones')
    .option('--index <file>', 'with --store: the request index of intake (LETHE_INGEST_INDEX), too')
    .option('--keys <folder>', 'with --store: the folder of keys (LETHE_KEYS), too')
    .option(
      '--keep <n>',
      'remove all but the latest n snapshots afterwards',
      wholeNumber(1, 10_000),
    )
    .action(action(() => import('../commands/backup.ts')));
  addConfigOptions(backup, storeSettings);

  const restore = program
    .command('restore')
    .summary('bring a backup back, or prove that it could be')
    .description(
      'Checks every byte of the backup, then restores it into a new --home, or with --store into an empty object store. Nothing is ever overwritten; an interrupted restore is gone on with by the same command, and lethe up refuses a home until it is whole. With --drill it restores into a temporary folder instead, checks every digest, database, lineage, pointer and the audit log there, and removes it. A backup of a newer Lethe is refused.',
    )
    .argument('<folder>', 'folder of backups')
    .option('--snapshot <name>', 'default: the latest')
    .option('--drill', 'prove that it can be restored; changes nothing')
    .option('--files <folder>', 'with --store: where request index and keys go')
    .action(action(() => import('../commands/restore.ts')));
  addConfigOptions(restore, storeSettings);
  addConfigOptions(restore, busSettings);
}
