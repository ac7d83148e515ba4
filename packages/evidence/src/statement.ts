import { canonicalBytes } from '@lethe/contracts';

export const statementType = 'https://in-toto.io/Statement/v1';

/** What a statement is about: a name, and digests by algorithm. */
export interface StatementSubject {
  readonly name: string;
  readonly digest: Readonly<Record<string, string>>;
}

/** What every predicate of ours has. */
export interface Predicate {
  /** When it was signed: RFC 3339 in UTC with milliseconds. */
  readonly issued_time: string;
}

/** An in-toto Statement v1 (https://github.com/in-toto/attestation, spec v1). */
export interface Statement<P extends Predicate = Predicate> {
  readonly _type: typeof statementType;
  readonly subject: readonly StatementSubject[];
  readonly predicateType: PredicateType;
  readonly predicate: P;
}

/** Kinds of evidence; each has a JSON Schema in `schemas/`. */
export const predicateTypes = {
  receipt: 'urn:lethe:deletion-receipt:v1',
  certificate: 'urn:lethe:deletion-certificate:v1',
  checkpoint: 'urn:lethe:audit-checkpoint:v1',
  release: 'urn:lethe:release-bundle:v1',
  status: 'urn:lethe:request-status:v1',
  fanout: 'urn:lethe:fan-out-certificate:v1',
  audit: 'urn:lethe:model-audit:v1',
} as const;

export type PredicateName = keyof typeof predicateTypes;
export type PredicateType = (typeof predicateTypes)[PredicateName];

export function makeStatement<P extends Predicate>(
  kind: PredicateName,
  subject: readonly StatementSubject[],
  predicate: P,
): Statement<P> {
  return { _type: statementType, subject, predicateType: predicateTypes[kind], predicate };
}

/** The same statement always gives the same bytes (RFC 8785). */
export function statementBytes(statement: Statement): Uint8Array {
  return canonicalBytes(statement);
}
