import { existsSync } from 'node:fs';
import { LetheError } from '@lethe/contracts';
import { openStore } from '@lethe/service-kit';
import { storeSettings } from '@lethe/service-kit/config';
import { BackupFolder } from '../backup/backup-folder.ts';
import { type BackupSource, takeBackup } from '../backup/take-backup.ts';
import type { CommandFunction } from '../command-function.ts';
import { homeLayout } from '../embedded/home-layout.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { sizeText } from '../output/format.ts';
import { quietProgress } from '../output/progress-bar.ts';
import { type StoreOptions, storeConfigOf } from '../store-of.ts';

interface BackupCommandOptions extends StoreOptions {
  readonly index?: string;
  readonly keys?: string;
  readonly keep?: number;
}

export const run: CommandFunction<BackupCommandOptions> = async (options, out, folder = '') => {
  const config = storeConfigOf(options);
  const source = sourceOf(options, config.store);
  await using store = await openStore(config);
  using backup = BackupFolder.toWrite(folder);
  const bar = quietProgress(out, 'backing up');
  const { name, entries, head } = await takeBackup({
    source,
    store,
    backup,
    now: () => new Date(),
    onProgress: (what, done, total) => bar.update(done, total, what),
  });
  bar.finish();
  const sizeBytes = entries.reduce((sum, entry) => sum + entry.sizeBytes, 0);
  const pruned =
    options.keep === undefined ? { snapshots: 0, objects: 0 } : backup.prune(options.keep);
  out.result({
    folder: backup.path,
    snapshot: name,
    ...head,
    entries: entries.length,
    sizeBytes,
    pruned,
  });
  out.line(
    `Snapshot ${name} in ${backup.path}: ${entries.length} objects and files, ${sizeText(sizeBytes)}.`,
  );
  if (pruned.snapshots > 0) {
    out.line(`${pruned.snapshots} older snapshots removed, ${pruned.objects} objects with them.`);
  }
  out.line(
    'It holds keys and models that still remember: keep it as safe as the original, and not',
  );
  out.line(`for longer than weights are kept. Prove it: lethe restore ${folder} --drill`);
  return exitCodes.ok;
};

function sourceOf(options: BackupCommandOptions & { home: string }, address: string): BackupSource {
  const layout = homeLayout(options.home);
  if (address === `folder:${layout.store}`) {
    if (existsSync(layout.store)) return { kind: 'home', layout };
    throw new LetheError(
      'not_found',
      `there is no Lethe in --home ${options.home}. Name another --home, or an object store with --store (${storeSettings.store.env})`,
    );
  }
  for (const [option, path] of [
    ['--index', options.index],
    ['--keys', options.keys],
  ] as const) {
    if (path !== undefined && !existsSync(path)) {
      throw LetheError.invalid(option, path, 'is not there', 'Check the path.');
    }
  }
  return { kind: 'store', address, index: options.index, keys: options.keys };
}
