/**
 * One holder at a time among all processes that use a folder.
 *
 * The arbiter is SQLite's write lock on an empty database (`BEGIN IMMEDIATE`): a lock of the
 * operating system, which ends with the process that holds it, however that process ends.
 * Nothing is ever written to the database; a lock file left behind means nothing.
 */
import { setTimeout } from 'node:timers/promises';
import { type ErrorCode, LetheError } from '@lethe/contracts';
import { type DatabaseSync, resultCode, resultCodes, sqlite } from '@lethe/sqlite';
import { folderError } from './folder-error.ts';

/** SQLite's primary result codes (sqlite.org/rescode.html) that mean something for a lock. */
const meanings: Readonly<Record<number, readonly [ErrorCode, string]>> = {
  [resultCodes.busy]: [
    'unavailable',
    'another process keeps it. Is one stopped, or the disk very slow?',
  ],
  8: ['precondition', 'it is read-only. Give this user write access to it and its folder'],
  13: ['capacity', 'the disk is full. Free some space; nothing was written'],
  14: ['precondition', 'it cannot be opened. Give this user write access to its folder'],
};

const defaultPatienceMs = 30_000;
const longestPauseMs = 8;

export class FolderLock implements AsyncDisposable {
  readonly #file: string;
  readonly #patienceMs: number;
  #database: DatabaseSync | undefined;
  /** Ends when everybody in this process who asked so far is done. */
  #queue: Promise<unknown> = Promise.resolve();

  /** The lock file is made when it is first needed: a read-only folder can still be read. */
  constructor(file: string, patienceMs = defaultPatienceMs) {
    this.#file = file;
    this.#patienceMs = patienceMs;
  }

  /**
   * Runs `work` while no other process, and nobody else in this one, holds the lock.
   *
   * @throws LetheError `unavailable` when another process keeps it for 30 seconds
   */
  hold<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(() => this.#holdNow(work));
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  async #holdNow<T>(work: () => Promise<T>): Promise<T> {
    const database = this.#open();
    await this.#acquire(database);
    try {
      return await work();
    } finally {
      database.exec('ROLLBACK');
    }
  }

  #open(): DatabaseSync {
    try {
      this.#database ??= new sqlite.DatabaseSync(this.#file, { timeout: 0 });
      return this.#database;
    } catch (thrown) {
      throw this.#translate(thrown);
    }
  }

  async #acquire(database: DatabaseSync): Promise<void> {
    const giveUpAt = performance.now() + this.#patienceMs;
    for (;;) {
      try {
        database.exec('BEGIN IMMEDIATE');
        return;
      } catch (thrown) {
        if (resultCode(thrown) !== resultCodes.busy || performance.now() > giveUpAt)
          throw this.#translate(thrown);
      }
      // Waiting in SQLite would stop the event loop. Pauses differ, so that nobody starves.
      await setTimeout(1 + Math.random() * longestPauseMs);
    }
  }

  #translate(thrown: unknown): LetheError {
    const meaning = meanings[resultCode(thrown) ?? 0];
    if (meaning === undefined) return folderError(thrown, this.#file, 'lock');
    const [code, sentence] = meaning;
    return new LetheError(code, `cannot take the lock ${this.#file}: ${sentence}`, {
      cause: thrown,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue;
    this.#database?.close();
    this.#database = undefined;
  }
}
