import { type ErrorCode, LetheError } from '@lethe/contracts';

/** What the system's error codes mean for a folder, and what to do about it. */
const meanings: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ENOSPC: ['capacity', 'the disk is full. Free some space; nothing was half-written'],
  EDQUOT: ['capacity', 'the quota is used up. Free some space; nothing was half-written'],
  EMFILE: ['capacity', 'too many files are open. Raise the limit (ulimit -n)'],
  ENFILE: ['capacity', 'too many files are open on this machine. Close some programs'],
  EACCES: ['precondition', 'access is denied. Give this user read and write access'],
  EPERM: [
    'precondition',
    'the system does not permit it. Give this user write access, on a file system with hard links',
  ],
  EROFS: ['precondition', 'it is read-only. Mount it for writing, or choose another folder'],
  ENOTDIR: ['precondition', 'a part of this path is a file. Choose another folder'],
  EEXIST: ['precondition', 'it is a file. Choose another folder'],
  ENOTSUP: ['precondition', 'its file system lacks hard links. Choose a folder on another disk'],
  EOPNOTSUPP: ['precondition', 'its file system lacks hard links. Choose a folder on another disk'],
  ENOENT: ['unavailable', 'it is gone. Is the disk still mounted?'],
  EIO: ['unavailable', 'the disk reports an error. Check it, then try again'],
  ESTALE: ['unavailable', 'the network file system lost it. Try again'],
};

/** Anything thrown by `node:fs` as a LetheError that names the path and the remedy. */
export function folderError(thrown: unknown, path: string, action: string): LetheError {
  if (thrown instanceof LetheError) return thrown;
  const { code } = thrown as { code?: unknown };
  const meaning = typeof code === 'string' ? meanings[code] : undefined;
  if (meaning === undefined) return LetheError.from(thrown);
  return new LetheError(meaning[0], `cannot ${action} ${path}: ${meaning[1]}`, { cause: thrown });
}

export function isMissing(thrown: unknown): boolean {
  return (thrown as { code?: unknown } | null)?.code === 'ENOENT';
}

export function isPresent(thrown: unknown): boolean {
  return (thrown as { code?: unknown } | null)?.code === 'EEXIST';
}
