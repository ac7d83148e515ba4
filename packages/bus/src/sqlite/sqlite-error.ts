import { type ErrorCode, LetheError } from '@lethe/contracts';

/** SQLite's primary result codes (sqlite.org/rescode.html) that mean something to us. */
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
  26: ['corrupt', 'is not a SQLite database. Move it away to begin anew.'],
};

/** Anything thrown by `node:sqlite` as a LetheError that names the file and the remedy. */
export function translateSqliteError(thrown: unknown, file: string): LetheError {
  if (thrown instanceof LetheError) return thrown;
  const { errcode } = thrown as { errcode?: unknown };
  // The lower byte is the primary code; the rest says more about it.
  const meaning = typeof errcode === 'number' ? meanings[errcode & 0xff] : undefined;
  if (meaning === undefined) return LetheError.from(thrown);
  const [code, sentence] = meaning;
  return new LetheError(code, `The message log ${file} ${sentence}`, { cause: thrown });
}
