/**
 * Checks signed evidence in the browser, by WebCrypto, with nothing but the published keys: the same
 * rules as `lethe verify` (packages/evidence/src/verify.ts; a test holds the two together), but for
 * the JSON Schema of each kind, of which it checks the envelope, the type and the time.
 */
import {
  decodeEnvelope,
  type Envelope,
  NoEnvelope,
  parseJson,
  preAuthEncoding,
} from './envelope.ts';

/** A key of the published key set. */
export interface PublishedKey {
  readonly key_id: string;
  readonly algorithm: string;
  /** Base64 of 32 bytes. */
  readonly public_key: string;
  readonly not_before: string;
  readonly not_after?: string;
  readonly revoked_time?: string;
  readonly revocation_reason?: string;
}

export interface Statement {
  readonly subject: readonly { name: string; digest: Readonly<Record<string, string>> }[];
  readonly predicateType: string;
  readonly predicate: Readonly<Record<string, unknown>> & { readonly issued_time: string };
}

export type Verification =
  | { readonly kind: 'valid'; readonly keyId: string; readonly statement: Statement }
  | {
      readonly kind:
        | 'malformed'
        | 'unknown_key'
        | 'bad_signature'
        | 'revoked_key'
        | 'outside_key_validity'
        | 'from_the_future'
        /** This browser cannot check Ed25519 signatures. */
        | 'unsupported';
      readonly explanation: string;
    };

/** Kinds of evidence that Lethe signs. */
export const kindsOfEvidence: Readonly<Record<string, string>> = {
  'urn:lethe:deletion-receipt:v1': 'Receipt',
  'urn:lethe:deletion-certificate:v1': 'Certificate of unlearning',
  'urn:lethe:audit-checkpoint:v1': 'Checkpoint of the audit log',
  'urn:lethe:release-bundle:v1': 'Release bundle',
  'urn:lethe:request-status:v1': 'Status of a request',
  'urn:lethe:model-audit:v1': 'Audit of a model',
};

const payloadType = 'application/vnd.in-toto+json';
const statementType = 'https://in-toto.io/Statement/v1';
const strictTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;
/** Clocks may differ by this much before a time counts as future. */
const clockSkewMs = 5 * 60_000;

export async function verifyEvidence(
  bytes: Uint8Array,
  keys: readonly PublishedKey[],
  now: Date,
): Promise<Verification> {
  let envelope: Envelope;
  try {
    envelope = decodeEnvelope(bytes);
  } catch (thrown) {
    return { kind: 'malformed', explanation: (thrown as Error).message };
  }
  if (envelope.payloadType !== payloadType) {
    return { kind: 'malformed', explanation: `payloadType is not ${payloadType}` };
  }
  const checked: Verification[] = [];
  for (const each of envelope.signatures) {
    checked.push(await verifySignature(envelope, each, keys, now));
  }
  return checked.find(({ kind }) => kind === 'valid') ?? (checked[0] as Verification);
}

async function verifySignature(
  envelope: Envelope,
  { keyId, signature }: Envelope['signatures'][number],
  keys: readonly PublishedKey[],
  now: Date,
): Promise<Verification> {
  const key = keys.find(({ key_id: id }) => id === keyId);
  const shown = keyId.slice(0, 16);
  if (key === undefined) {
    return { kind: 'unknown_key', explanation: `key ${shown} is not in the published key set` };
  }
  const good = await isSignedBy(key, signature, preAuthEncoding(envelope));
  if (good === undefined) {
    const explanation =
      'this browser cannot check Ed25519 signatures here. Use a current one over https or on localhost, or: lethe verify';
    return { kind: 'unsupported', explanation };
  }
  if (!good) {
    const explanation = `the signature of key ${shown} is not that of this content: it was changed, or signed by another key`;
    return { kind: 'bad_signature', explanation };
  }
  let statement: Statement;
  try {
    statement = statementOf(envelope.payload);
  } catch (thrown) {
    return { kind: 'malformed', explanation: (thrown as Error).message };
  }
  return (
    keyProblem(key, statement.predicate.issued_time, now) ?? { kind: 'valid', keyId, statement }
  );
}

/** `undefined` where that cannot be told. */
async function isSignedBy(
  { public_key: publicKey }: PublishedKey,
  signature: Uint8Array<ArrayBuffer>,
  message: Uint8Array<ArrayBuffer>,
): Promise<boolean | undefined> {
  try {
    const raw = Uint8Array.from(atob(publicKey), (character) => character.charCodeAt(0));
    const key = await crypto.subtle.importKey('raw', raw, 'Ed25519', false, ['verify']);
    return await crypto.subtle.verify('Ed25519', key, signature, message);
  } catch {
    return undefined;
  }
}

/** @throws NoEnvelope */
function statementOf(payload: Uint8Array): Statement {
  const value = parseJson(payload, 'the payload') as Partial<Statement> & { _type?: unknown };
  if (value._type !== statementType) throw new NoEnvelope('it is no in-toto statement');
  if (kindsOfEvidence[String(value.predicateType)] === undefined) {
    throw new NoEnvelope(`${String(value.predicateType)} is no kind of evidence of Lethe`);
  }
  if (!strictTime.test(String(value.predicate?.issued_time))) {
    throw new NoEnvelope('it does not say when it was signed');
  }
  return value as Statement;
}

/** Times of this form compare as texts. */
function keyProblem(key: PublishedKey, issued: string, now: Date): Verification | undefined {
  const shown = key.key_id.slice(0, 16);
  const { not_before: from, not_after: to, revoked_time: revoked, revocation_reason: why } = key;
  if (revoked !== undefined && (why !== 'retired' || issued >= revoked)) {
    const later = why === 'retired' ? 'later ' : '';
    return {
      kind: 'revoked_key',
      explanation: `key ${shown} was revoked at ${revoked} (${why ?? 'compromised'}): nothing ${later}signed by it is believed`,
    };
  }
  if (issued < from || (to !== undefined && issued > to)) {
    return {
      kind: 'outside_key_validity',
      explanation: `it says it was signed at ${issued}, but key ${shown} is valid from ${from} ${to === undefined ? 'on' : `to ${to}`}`,
    };
  }
  if (issued > new Date(now.getTime() + clockSkewMs).toISOString()) {
    const explanation = `it says it was signed at ${issued}, which is yet to come`;
    return { kind: 'from_the_future', explanation };
  }
  return undefined;
}
