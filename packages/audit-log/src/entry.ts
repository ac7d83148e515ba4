import { canonicalJson, type Digest, isDigest, LetheError, sha256 } from '@lethe/contracts';
import type { LogPoint } from '@lethe/evidence';
import type { AuditEvent, AuditKind } from './audit-event.ts';

/** The log before its first entry. */
export const emptyLog: LogPoint = { size: 0, head: '0'.repeat(64) as Digest };

/** An entry as it is read. */
export interface AuditEntry extends AuditEvent {
  /** From 0. */
  readonly index: number;
  /** SHA-256 of the entry's line. */
  readonly hash: Digest;
}

const indexDigits = 12;
const previousAt = indexDigits + 1;
const contentAt = previousAt + 65;
const maxDetailCharacters = 500;
const newline = 0x0a;

/**
 * An entry is one line: its index, the SHA-256 of the line before, and canonical JSON. Index and
 * hash stand at fixed places, so that a chain is checked without parsing JSON.
 */
export function encodeEntry(event: AuditEvent, { size, head }: LogPoint): string {
  const content = canonicalJson({
    id: event.id,
    kind: event.kind,
    time: event.time.toISOString(),
    actor: event.actor,
    model_key: event.modelKey,
    details: Object.fromEntries(
      Object.entries(event.details).map(([name, value]) => [
        name,
        typeof value === 'number' ? value : value.slice(0, maxDetailCharacters),
      ]),
    ),
  });
  return `${String(size).padStart(indexDigits, '0')} ${head} ${content}`;
}

/** The log after this line. */
export function pointAfter(line: string | Uint8Array, { size }: LogPoint): LogPoint {
  return { size: size + 1, head: sha256(line) };
}

/** @throws LetheError `corrupt` naming the index */
export function decodeEntry(line: string): AuditEntry {
  const index = Number(line.slice(0, indexDigits));
  try {
    const fields = JSON.parse(line.slice(contentAt)) as Record<string, unknown>;
    return {
      index,
      hash: sha256(line),
      id: String(fields['id']),
      kind: fields['kind'] as AuditKind,
      time: new Date(String(fields['time'])),
      actor: String(fields['actor']),
      modelKey: String(fields['model_key']),
      details: fields['details'] as AuditEvent['details'],
    };
  } catch (cause) {
    throw new LetheError('corrupt', `audit log entry ${index} is not readable`, { cause });
  }
}

/** What breaks a chain. */
export interface ChainFault {
  readonly kind: 'edited' | 'reordered';
  readonly index: number;
}

/**
 * Follows a chain through the lines of `bytes`; `onLine` hears of each good one.
 *
 * @returns the point after the last line, or the first fault
 */
export function followChain(
  bytes: Uint8Array,
  start: LogPoint,
  onLine?: (line: Buffer, point: LogPoint) => void,
): LogPoint | ChainFault {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let point = start;
  for (let from = 0; from < buffer.length; ) {
    const found = buffer.indexOf(newline, from);
    const end = found === -1 ? buffer.length : found;
    const index = buffer.toString('latin1', from, from + indexDigits);
    if (Number(index) !== point.size || index.length !== indexDigits) {
      return {
        kind: isDigest(previousOf(buffer, from)) ? 'reordered' : 'edited',
        index: point.size,
      };
    }
    if (previousOf(buffer, from) !== point.head) {
      return { kind: 'edited', index: Math.max(0, point.size - 1) };
    }
    const line = buffer.subarray(from, end);
    point = pointAfter(line, point);
    onLine?.(line, point);
    from = end + 1;
  }
  return point;
}

/** The hash of the line before, as the line that begins at `from` states it. */
export function previousOf(buffer: Buffer, from = 0): string {
  return buffer.toString('latin1', from + previousAt, from + previousAt + 64);
}

export function isFault(result: LogPoint | ChainFault): result is ChainFault {
  return 'kind' in result;
}

export function linesOf(bytes: Uint8Array): string[] {
  return Buffer.from(bytes)
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
}
