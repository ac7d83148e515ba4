/** Takes the lock and keeps it until it is killed. */
import { setTimeout } from 'node:timers/promises';
import { FolderLock } from '../src/folder/folder-lock.ts';

const [file = ''] = process.argv.slice(2);
await new FolderLock(file).hold(async () => {
  process.stdout.write('held\n');
  await setTimeout(600_000);
});
