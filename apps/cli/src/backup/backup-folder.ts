/**
 * A folder of backups: `objects/` holds bytes by their SHA-256, once for all snapshots;
 * `snapshots/` the lists.
 *
 * Invariants:
 * 1. A list is there only when everything it names is, synced: it is written last.
 * 2. A file of `objects/` is whole from the moment it has its name, and never changed.
 * 3. Only its owner may read it: it holds keys.
 */
import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { LetheError } from '@lethe/contracts';
import { sqlite } from '@lethe/sqlite';
import { digestOfFile } from '@lethe/store';
import { encodeSnapshot, parseSnapshot, type Snapshot } from './snapshot.ts';

export interface Stored {
  readonly sha256: string;
  readonly sizeBytes: number;
}

export class BackupFolder implements Disposable {
  readonly path: string;
  readonly #lock: InstanceType<typeof sqlite.DatabaseSync> | undefined;
  readonly #touched = new Set<string>();

  private constructor(path: string, lock?: InstanceType<typeof sqlite.DatabaseSync>) {
    this.path = path;
    this.#lock = lock;
  }

  /**
   * Makes the folder where it is missing and takes it for this process. What a run that was
   * interrupted left half-written is removed; what it finished stays.
   *
   * @throws LetheError `precondition` when it is something else, or another process writes to it
   */
  static toWrite(folder: string): BackupFolder {
    const path = resolve(folder);
    if (existsSync(path) && !isBackup(path) && readdirSync(path).length > 0) {
      const what = `${path} holds other files and is no folder of backups`;
      throw new LetheError('precondition', `${what}. Give a new or empty folder`);
    }
    for (const name of ['', 'objects', 'snapshots', 'tmp']) {
      mkdirSync(join(path, name), { recursive: true, mode: 0o700 });
    }
    chmodSync(path, 0o700);
    const lock = new sqlite.DatabaseSync(join(path, 'lock.sqlite'));
    try {
      lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT;');
    } catch (cause) {
      lock.close();
      const remedy = 'Wait until it is done';
      throw new LetheError('precondition', `another process writes to ${path}. ${remedy}`, {
        cause,
      });
    }
    for (const name of readdirSync(join(path, 'tmp'))) {
      rmSync(join(path, 'tmp', name), { recursive: true });
    }
    return new BackupFolder(path, lock);
  }

  /** @throws LetheError `not_found` when it holds no finished backup */
  static toRead(folder: string): BackupFolder {
    const path = resolve(folder);
    const backup = new BackupFolder(path);
    if (isBackup(path) && backup.snapshots().length > 0) return backup;
    const what = existsSync(path) ? 'holds no finished backup' : 'is not there';
    throw new LetheError('not_found', `${path} ${what}. Make one with: lethe backup ${folder}`);
  }

  /** Names of the snapshots, oldest first. */
  snapshots(): string[] {
    return readdirSync(join(this.path, 'snapshots'))
      .filter((name) => name.endsWith('.jsonl'))
      .map((name) => name.slice(0, -'.jsonl'.length))
      .sort();
  }

  /**
   * @param name default: the latest
   * @throws LetheError `not_found`, `corrupt`, `precondition` (written by a newer Lethe)
   */
  read(name = this.snapshots().at(-1) ?? ''): Snapshot & { readonly name: string } {
    const file = this.#listFile(name);
    if (!existsSync(file)) {
      const known = this.snapshots().join(', ');
      throw new LetheError('not_found', `there is no snapshot ${name}. There are: ${known}`);
    }
    return { name, ...parseSnapshot(readFileSync(file, 'utf8'), file) };
  }

  /** A path in this folder to write to before {@link keep}. */
  temporary(): string {
    return join(this.path, 'tmp', randomUUID());
  }

  has({ sha256, sizeBytes }: Stored): boolean {
    return statSync(this.pathOf(sha256), { throwIfNoEntry: false })?.size === sizeBytes;
  }

  pathOf(sha256: string): string {
    return join(this.path, 'objects', sha256.slice(0, 2), sha256);
  }

  /** Takes a file that {@link temporary} named. */
  async keep(file: string): Promise<Stored> {
    const sha256 = await digestOfFile(file);
    const stored = { sha256, sizeBytes: statSync(file).size };
    if (this.has(stored)) {
      rmSync(file);
      return stored;
    }
    const handle = await open(file, 'r+');
    await handle.sync().finally(() => handle.close());
    chmodSync(file, 0o600);
    const folder = join(this.path, 'objects', sha256.slice(0, 2));
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    renameSync(file, this.pathOf(sha256));
    this.#touched.add(folder);
    return stored;
  }

  /** Invariant 1. */
  async finish(snapshot: Snapshot): Promise<string> {
    for (const folder of [...this.#touched, join(this.path, 'objects')]) await syncFolder(folder);
    const name = snapshot.head.startedTime.replaceAll(':', '-');
    const file = this.temporary();
    writeFileSync(file, [...encodeSnapshot(snapshot)].join(''), { mode: 0o600, flush: true });
    renameSync(file, this.#listFile(name));
    await syncFolder(join(this.path, 'snapshots'));
    return name;
  }

  /** Removes all but the latest snapshots, and what then nothing names; how many of each. */
  prune(keep: number): { snapshots: number; objects: number } {
    const old = this.snapshots().slice(0, -keep);
    for (const name of old) rmSync(this.#listFile(name));
    const named = new Set(
      this.snapshots().flatMap((name) => this.read(name).entries.map(({ sha256 }) => sha256)),
    );
    let objects = 0;
    for (const folder of readdirSync(join(this.path, 'objects'))) {
      for (const sha256 of readdirSync(join(this.path, 'objects', folder))) {
        if (named.has(sha256)) continue;
        rmSync(this.pathOf(sha256));
        objects++;
      }
    }
    return { snapshots: old.length, objects };
  }

  [Symbol.dispose](): void {
    this.#lock?.close();
  }

  #listFile(name: string): string {
    return join(this.path, 'snapshots', `${name}.jsonl`);
  }
}

function isBackup(path: string): boolean {
  return existsSync(join(path, 'objects')) && existsSync(join(path, 'snapshots'));
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}
