import { type ErrorCode, LetheError } from '@lethe/contracts';

/** Primary result codes (sqlite.org/rescode.html) that mean something to us. */
const meanings: Readonly<Record<number, readonly [ErrorCode, string]>> = {
  3: ['precondition', 'may not be accessed. Give this user read and write access to it.'],
  5: ['unavailable', 'is locked by another process. Try again.'],
  6: ['unavailable', 'is locked. Try again.'],
  8: ['precondition', 'is read-only. Give this user write access to the file and its folder.'],
  10: ['unavailable', 'could not be read or written (I/O error). Check the disk, then try again.'],
  11: ['corrupt', 'is damaged. Restore it from a backup, or move it away to begin anew.'],
  13: [
    'capacity',
    'cannot grow: the disk or its quota is full. Free some space; nothing was half-written.',
  ],
  14: [
    'precondition',
    'cannot be opened. Check that its folder exists and that this user may write there.',
  ],
  26: ['corrupt', 'is not a SQLite file. Move it away to begin anew.'],
};

/** Result codes that callers tell apart. */
export const resultCodes = { busy: 5, constraint: 19 } as const;

/** SQLite's primary result code of a thrown error; `undefined` for other errors. */
export function resultCode(thrown: unknown): number | undefined {
  const { errcode } = (thrown ?? {}) as { errcode?: unknown };
  // The lower byte is the primary code; the rest says more about it.
  return typeof errcode === 'number' ? errcode & 0xff : undefined;
}

/**
 * Anything thrown by SQLite as a LetheError that names the file and the remedy.
 *
 * @param what the file for people, for example `The message log /data/bus.sqlite`
 */
export function translateSqliteError(thrown: unknown, what: string): LetheError {
  if (thrown instanceof LetheError) return thrown;
  const meaning = meanings[resultCode(thrown) ?? 0];
  if (meaning === undefined) return LetheError.from(thrown);
  const [code, sentence] = meaning;
  return new LetheError(code, `${what} ${sentence}`, { cause: thrown });
}
