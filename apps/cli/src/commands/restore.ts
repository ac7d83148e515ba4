import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteBus } from '@lethe/bus';
import { LetheError } from '@lethe/contracts';
import { LineageStore } from '@lethe/lineage';
import { openKafkaBus, openStore } from '@lethe/service-kit';
import { busSettings } from '@lethe/service-kit/config';
import { BlobStore, FolderStore } from '@lethe/store';
import { BackupFolder } from '../backup/backup-folder.ts';
import { drill } from '../backup/drill.ts';
import { republish } from '../backup/republish.ts';
import { checkBytes, restoreFiles, restoreObjects } from '../backup/restore-backup.ts';
import type { Snapshot } from '../backup/snapshot.ts';
import type { CommandFunction, GlobalOptions } from '../command-function.ts';
import { homeDatabases } from '../embedded/home-databases.ts';
import { takeHome } from '../embedded/home-folder.ts';
import { type HomeLayout, homeLayout } from '../embedded/home-layout.ts';
import { readConfigOptions } from '../grammar/config-options.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { counted } from '../output/format.ts';
import type { Output } from '../output/output.ts';
import { quietProgress } from '../output/progress-bar.ts';
import { type StoreOptions, storeConfigOf } from '../store-of.ts';

interface RestoreOptions extends StoreOptions, Readonly<Record<string, unknown>> {
  readonly home: string;
  readonly snapshot?: string;
  readonly drill?: boolean;
  readonly files?: string;
  readonly bus?: string;
}

/** The log of a backup is older than its records by the time it takes to list them; this much more. */
const overlapMs = 60_000;

export const run: CommandFunction<RestoreOptions> = async (options, out, folder = '') => {
  const backup = BackupFolder.toRead(folder);
  const snapshot = backup.read(options.snapshot);
  refuseNewerSchemas(snapshot);
  if (options.drill !== true && snapshot.head.kind === 'home') {
    requireEmpty(homeLayout(options.home), snapshot.name);
  }
  const bar = quietProgress(out, 'restoring');
  const progress = (what: string) => (done: number, total: number) => bar.update(done, total, what);
  await checkBytes(snapshot.entries, backup, progress('checking'));
  if (options.drill === true) return await runDrill(backup, snapshot, progress('writing'), out);
  switch (snapshot.head.kind) {
    case 'home':
      await restoreHome(options, backup, snapshot, progress('writing'));
      break;
    case 'store':
      await restoreStore(options, backup, snapshot, progress('writing'), out);
      break;
    default:
      snapshot.head.kind satisfies never;
  }
  bar.finish();
  const { length } = snapshot.entries;
  out.result({ snapshot: snapshot.name, entries: length, startedTime: snapshot.head.startedTime });
  out.line(`Restored ${length} objects and files of ${snapshot.name}.`);
  out.line(
    `Requests accepted after ${snapshot.head.startedTime} are not in it: have emitters send them`,
  );
  out.line('again with their ids. What was purged since is back, and is purged again by its age.');
  return exitCodes.ok;
};

/** @throws LetheError `precondition` before anything is written */
function refuseNewerSchemas({ entries, head }: Snapshot): void {
  for (const { file, what, version } of homeDatabases(homeLayout('.'))) {
    const schema = entries.find(({ name }) => name === file.split('/').at(-1))?.schema ?? 0;
    if (schema <= version) continue;
    throw new LetheError(
      'precondition',
      `the ${what} of this backup has schema ${schema}, written by Lethe ${head.lethe}; this Lethe knows ${version}. Restore it with that Lethe or a newer one`,
    );
  }
}

async function restoreHome(
  { home }: RestoreOptions,
  backup: BackupFolder,
  snapshot: Snapshot & { name: string },
  onProgress: (done: number, total: number) => void,
): Promise<void> {
  const layout = homeLayout(home);
  mkdirSync(layout.root, { recursive: true, mode: 0o700 });
  // `lethe up` refuses a home in which this stands.
  writeFileSync(
    layout.restoring,
    `${JSON.stringify({ snapshot: snapshot.name, backup: backup.path })}\n`,
  );
  using _ = takeHome(home, { restoring: true });
  {
    await using store = await FolderStore.open(layout.store);
    await restoreObjects(snapshot.entries, backup, store, onProgress);
    await restoreFiles(snapshot.entries, backup, layout.root);
    await using bus = await SqliteBus.open({ file: layout.bus });
    const since = new Date(Date.parse(snapshot.head.busTime) - overlapMs);
    await republish(new LineageStore(store, new BlobStore(store)), bus, since);
  }
  rmSync(layout.restoring);
}

/** @throws LetheError `precondition`: nothing is overwritten; an interrupted restore goes on */
function requireEmpty(layout: HomeLayout, name: string): void {
  if (!existsSync(layout.root) || readdirSync(layout.root).length === 0) return;
  const begun = existsSync(layout.restoring) ? readFileSync(layout.restoring, 'utf8') : undefined;
  if (begun !== undefined && JSON.parse(begun).snapshot === name) return;
  const what =
    begun === undefined ? 'is not empty' : 'holds an unfinished restore of another snapshot';
  throw new LetheError(
    'precondition',
    `--home ${layout.root} ${what}, and nothing is overwritten. Give a new --home, or move that one away`,
  );
}

async function restoreStore(
  options: RestoreOptions & GlobalOptions,
  backup: BackupFolder,
  { head, entries }: Snapshot,
  onProgress: (done: number, total: number) => void,
  out: Output,
): Promise<void> {
  const config = storeConfigOf(options);
  if (config.store === `folder:${homeLayout(options.home).store}`) {
    const remedy = `Name the store to restore to with --store; it was taken from ${head.source}.`;
    throw LetheError.invalid(
      '--store',
      '',
      'is needed: this is a backup of an object store',
      remedy,
    );
  }
  await using store = await openStore(config);
  await restoreObjects(entries, backup, store, onProgress);
  const files = entries.filter(({ kind }) => kind === 'file');
  if (options.files !== undefined) await restoreFiles(entries, backup, options.files);
  else if (files.length > 0)
    out.note(`note: ${counted(files.length, 'file')} (index, keys) left out; see --files.`);
  const bus = options.bus ?? process.env[busSettings.bus.env] ?? '';
  if (bus === '') {
    out.note('note: no --bus: where the topics were lost too, run this again with it.');
    return;
  }
  await using kafka = await openKafkaBus(readConfigOptions(busSettings, options));
  const lineage = new LineageStore(store, new BlobStore(store));
  const published = await republish(lineage, kafka, new Date(0));
  out.line(`${published} events of rounds and verdicts were sent again.`);
}

async function runDrill(
  backup: BackupFolder,
  { name, entries }: Snapshot & { name: string },
  onProgress: (done: number, total: number) => void,
  out: Output,
): Promise<number> {
  const root = mkdtempSync(join(tmpdir(), 'lethe-drill-'));
  // Ctrl-C too leaves no copy of keys and models behind.
  const remove = () => rmSync(root, { recursive: true, force: true });
  process.on('exit', remove);
  try {
    await using store = await FolderStore.open(homeLayout(root).store);
    await restoreObjects(entries, backup, store, onProgress);
    await restoreFiles(entries, backup, root);
    const report = await drill(entries, store, root, new Date());
    out.result({ snapshot: name, ...report });
    const { objects, files, models, versions, auditEntries } = report;
    const audit =
      auditEntries === undefined
        ? 'not checked: no keys in the backup'
        : `${counted(auditEntries, 'entry', 'entries')}, sound`;
    out.line(
      `Snapshot ${name} can be restored: ${counted(objects, 'object')} and ${counted(files, 'file')} have their digests;`,
    );
    out.line(
      `${counted(models, 'model')}, ${counted(versions, 'entry', 'entries')} of their logs; audit log: ${audit}.`,
    );
    return exitCodes.ok;
  } finally {
    process.off('exit', remove);
    remove();
  }
}
