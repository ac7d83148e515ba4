import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { LetheError } from '@lethe/contracts';
import { sqlite } from '@lethe/sqlite';
import { type HomeLayout, homeLayout } from './home-layout.ts';
import { readRuntime } from './runtime-file.ts';

/**
 * Makes the folder and takes it for this process until disposed. The lock is a SQLite file
 * lock: the kernel releases it when the process dies, however it dies.
 *
 * @param options.restoring whether this is the restore that may go on with an unfinished one
 * @throws LetheError `precondition` when the folder cannot be written, another process has it, or a
 *   restore into it has not ended
 */
export function takeHome(
  home: string,
  { restoring = false } = {},
): { layout: HomeLayout } & Disposable {
  const layout = homeLayout(home);
  if (!restoring && existsSync(layout.restoring)) {
    throw new LetheError(
      'precondition',
      `home ${layout.root} holds an unfinished restore: ${readFileSync(layout.restoring, 'utf8').trim()}. Run the same lethe restore again`,
    );
  }
  makeWritable(layout.root);
  const lock = new sqlite.DatabaseSync(join(layout.root, 'lock.sqlite'));
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT;');
  } catch (cause) {
    lock.close();
    const running = readRuntime(layout.root);
    throw new LetheError(
      'precondition',
      `home ${layout.root} is in use by another lethe${running ? ` (process ${running.pid}, gRPC ${running.grpc})` : ''}. Stop that one, talk to it (lethe status), or choose another --home.`,
      { cause },
    );
  }
  return {
    layout,
    [Symbol.dispose]() {
      rmSync(layout.runtime, { force: true });
      lock.close();
    },
  };
}

/**
 * Makes the folder when it is missing.
 *
 * @throws LetheError `precondition` when it cannot be made or written to
 */
export function makeWritable(root: string): void {
  try {
    makeFolders(root);
    if (!statSync(root).isDirectory()) throw new Error('it is not a folder');
    accessSync(root, constants.W_OK | constants.R_OK | constants.X_OK);
  } catch (cause) {
    throw new LetheError(
      'precondition',
      `--home ${root} cannot be used: ${(cause as Error).message}. Give a folder this user may write to.`,
      { cause },
    );
  }
}

/** Not `recursive`: Node 22 never returns from that where a file system (/proc) denies new folders by ENOENT. */
function makeFolders(folder: string): void {
  if (existsSync(folder)) return;
  const parent = dirname(folder);
  if (parent !== folder) makeFolders(parent);
  try {
    mkdirSync(folder);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
  }
}
