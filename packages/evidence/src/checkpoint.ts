import type { Digest } from '@lethe/contracts';
import { makeStatement, type Predicate, type Statement } from './statement.ts';
import { strictTime } from './strict-time.ts';

/** A point of the audit log: how many entries there are, and the hash of the last one. */
export interface LogPoint {
  readonly size: number;
  readonly head: Digest;
}

export interface CheckpointPredicate extends Predicate, LogPoint {
  /** Names the log. */
  readonly origin: string;
}

const auditLogOrigin = 'lethe-audit-log';

export function checkpointStatement(
  { size, head }: LogPoint,
  issued: Date,
): Statement<CheckpointPredicate> {
  return makeStatement('checkpoint', [{ name: auditLogOrigin, digest: { sha256: head } }], {
    issued_time: strictTime(issued),
    origin: auditLogOrigin,
    size,
    head,
  });
}
