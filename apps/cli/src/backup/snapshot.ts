/**
 * The list of a backup: what it holds, and under which digest. JSON lines: a head, one line for each
 * thing, and an end with their number, so that a list that was cut off is known.
 */
import { LetheError } from '@lethe/contracts';
import { letheVersion } from '@lethe/service-kit';

/** Raised when an older Lethe could not restore what this one writes. */
const backupFormat = 1;

export interface SnapshotHead {
  readonly format: number;
  /** Version of the Lethe that wrote it. */
  readonly lethe: string;
  /** `home`: all of an embedded Lethe; `store`: an object store, and files that were named. */
  readonly kind: 'home' | 'store';
  /** Where it was taken from, for people. */
  readonly source: string;
  /** RFC 3339. */
  readonly startedTime: string;
  /** When the message log was copied: its records are older, the object store's may be younger. */
  readonly busTime: string;
}

/** An object of the store, or a file of the home by its path below it. */
export interface SnapshotEntry {
  readonly kind: 'object' | 'file';
  readonly name: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Of the object when it was copied: one that still has it is not read again. */
  readonly etag?: string;
  /** Of a SQLite file: its schema. */
  readonly schema?: number;
}

export interface Snapshot {
  readonly head: SnapshotHead;
  readonly entries: readonly SnapshotEntry[];
}

export function snapshotHead(head: Omit<SnapshotHead, 'format' | 'lethe'>): SnapshotHead {
  return { format: backupFormat, lethe: letheVersion, ...head };
}

export function* encodeSnapshot({ head, entries }: Snapshot): Generator<string> {
  yield `${JSON.stringify(head)}\n`;
  for (const entry of entries) yield `${JSON.stringify(entry)}\n`;
  yield `${JSON.stringify({ end: entries.length })}\n`;
}

/**
 * @param file for the message
 * @throws LetheError `corrupt` for what is no list, or only part of one; `precondition` for one that
 *   a newer Lethe wrote
 */
export function parseSnapshot(text: string, file: string): Snapshot {
  const lines = text.split('\n');
  const values = lines.slice(0, -1).map((line) => parseLine(line, file));
  const head = values[0] as Partial<SnapshotHead> | undefined;
  if (typeof head?.format !== 'number') throw broken(file, 'is no list of a backup');
  if (head.format > backupFormat) {
    throw new LetheError(
      'precondition',
      `${file} was written by Lethe ${head.lethe} in format ${head.format}; this is Lethe ${letheVersion}, which knows formats up to ${backupFormat}. Restore it with that Lethe or a newer one`,
    );
  }
  const entries = values.slice(1, -1);
  const end = values.at(-1) as { end?: unknown } | undefined;
  if (lines.at(-1) !== '' || end?.end !== entries.length) throw broken(file, 'is cut off');
  for (const entry of entries) {
    const { kind, name, sha256, sizeBytes } = entry as Partial<SnapshotEntry>;
    const isEntry =
      (kind === 'object' || kind === 'file') &&
      typeof name === 'string' &&
      /^[0-9a-f]{64}$/.test(sha256 ?? '') &&
      Number.isSafeInteger(sizeBytes);
    if (!isEntry || !isInside(name)) throw broken(file, `names something odd: ${String(name)}`);
  }
  return { head: head as SnapshotHead, entries: entries as SnapshotEntry[] };
}

/** No list may lead out of the folder that is restored to. */
function isInside(name: string): boolean {
  return /^[A-Za-z0-9._/-]+$/.test(name) && !name.split('/').some((part) => /^\.{0,2}$/.test(part));
}

function parseLine(line: string, file: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw broken(file, 'is damaged');
  }
}

function broken(file: string, what: string): LetheError {
  return new LetheError('corrupt', `${file} ${what}. Use another snapshot of this backup`);
}
