import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The last thing written: a cached folder without it is not whole. */
const completeFile = 'complete.json';

export function isWhole(target: string): boolean {
  return existsSync(join(target, completeFile));
}

/** What `build` said of the folder when it was built. @throws when the folder is not whole */
export function readRecord(target: string): unknown {
  return JSON.parse(readFileSync(join(target, completeFile), 'utf8'));
}

export interface CacheBuild {
  readonly target: string;
  /** Fills the folder it is given; what it returns is kept as the folder's record. */
  readonly build: (folder: string) => Promise<unknown>;
  readonly say: (line: string) => void;
  /** Builds even if the target is whole. */
  readonly force?: boolean;
}

/**
 * Builds `target` in a folder beside it and renames that when it is whole, so that nobody ever
 * sees half of it. Of several processes one builds and the others wait; one that was killed
 * leaves a lock and a folder that the next removes.
 */
export async function buildInCache({ target, build, say, force }: CacheBuild): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  const unlock = await lock(`${target}.lock`, say);
  const work = `${target}.building-${process.pid}`;
  try {
    if (isWhole(target) && !force) return;
    await removeAbandonedBuilds(target);
    await mkdir(work);
    const record = await build(work);
    await writeFile(join(work, completeFile), `${JSON.stringify(record, null, 2)}\n`);
    await rm(target, { recursive: true, force: true });
    await rename(work, target);
  } finally {
    await rm(work, { recursive: true, force: true });
    await unlock();
  }
}

/**
 * Holds `file` until what it returns is called. Only work is saved by it, correctness is not at stake: should
 * two processes both take over a dead one's lock, both build, and the later rename wins.
 */
async function lock(file: string, say: (line: string) => void): Promise<() => Promise<void>> {
  let told = false;
  for (let waits = 0; ; waits++) {
    try {
      await writeFile(file, String(process.pid), { flag: 'wx' });
      return () => unlink(file).catch(() => {});
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
    }
    const owner = readOwner(file);
    // Written just now, or by one that died before it had written its id.
    if (owner === undefined && waits < 10) {
      await sleep(100);
      continue;
    }
    if (owner === undefined || !isRunning(owner)) {
      await unlink(file).catch(() => {});
      continue;
    }
    if (!told) say(`Process ${owner} is building ${basename(file, '.lock')}; waiting for it`);
    told = true;
    await sleep(500);
  }
}

function readOwner(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

async function removeAbandonedBuilds(target: string): Promise<void> {
  for (const name of await readdir(dirname(target))) {
    const [base, owner] = name.split('.building-');
    if (owner === undefined || base !== basename(target) || isRunning(Number(owner))) continue;
    await rm(join(dirname(target), name), { recursive: true, force: true });
  }
}

function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}
