import { verify } from 'node:crypto';
import { LetheError } from '@lethe/contracts';
import {
  decodeEnvelope,
  type Envelope,
  type EnvelopeSignature,
  parseStrictly,
  preAuthEncoding,
  statementPayloadType,
} from './dsse.ts';
import type { KeySet, PublishedKey } from './key-set.ts';
import { schemaProblem } from './schemas.ts';
import type { Statement } from './statement.ts';
import { strictTime } from './strict-time.ts';

/** Why evidence is not believed. */
export type Disbelief =
  | 'malformed'
  | 'unknown_key'
  | 'bad_signature'
  | 'revoked_key'
  | 'outside_key_validity'
  | 'from_the_future';

export type Verification =
  | { readonly kind: 'valid'; readonly keyId: string; readonly statement: Statement }
  | {
      readonly kind: 'unknown_key';
      /** As the envelope states it. */
      readonly keyId: string;
      readonly explanation: string;
    }
  | { readonly kind: Exclude<Disbelief, 'unknown_key'>; readonly explanation: string };

/** Clocks may differ by this much before a time counts as future. */
const clockSkewMs = 5 * 60_000;

/**
 * Checks evidence with nothing but the published keys: form, signature, validity of the key at the
 * stated time, revocation, and the JSON Schema of its kind. One good signature is enough; when there
 * is none, the first one's fault is told.
 */
export function verifyEvidence(bytes: Uint8Array, keys: KeySet, now: Date): Verification {
  let envelope: Envelope;
  try {
    envelope = decodeEnvelope(bytes);
  } catch (thrown) {
    return malformed(LetheError.from(thrown).message);
  }
  if (envelope.payloadType !== statementPayloadType) {
    return malformed(`payloadType is not ${statementPayloadType}`);
  }
  const checked = envelope.signatures.map((each) => verifySigned(envelope, each, keys, now));
  return checked.find(({ kind }) => kind === 'valid') ?? (checked[0] as Verification);
}

function verifySigned(
  envelope: Envelope,
  { keyId, signature }: EnvelopeSignature,
  keys: KeySet,
  now: Date,
): Verification {
  const key = keys.get(keyId);
  if (key === undefined) {
    const explanation = `key ${shown(keyId)} is not in the key set`;
    return { kind: 'unknown_key', keyId, explanation };
  }
  const message = preAuthEncoding(envelope.payloadType, envelope.payload);
  if (signature.length !== 64 || !verify(null, message, key.publicKey, signature)) {
    return disbelief(
      'bad_signature',
      `the signature of key ${shown(keyId)} is not that of this content: it was changed, or signed by another key`,
    );
  }
  let statement: unknown;
  try {
    statement = parseStrictly(envelope.payload, 'the payload');
  } catch (thrown) {
    return malformed(LetheError.from(thrown).message);
  }
  const problem = schemaProblem(statement);
  if (problem !== undefined) return malformed(problem);
  const believed = statement as Statement;
  return (
    keyProblem(key, believed.predicate.issued_time, now) ?? {
      kind: 'valid',
      keyId,
      statement: believed,
    }
  );
}

/** Times of this form compare as texts. */
function keyProblem(key: PublishedKey, issued: string, now: Date): Verification | undefined {
  const { keyId, notBefore, notAfter, revokedTime, revocationReason } = key;
  if (revokedTime !== undefined && (revocationReason !== 'retired' || issued >= revokedTime)) {
    return disbelief(
      'revoked_key',
      `key ${shown(keyId)} was revoked at ${revokedTime} (${revocationReason}): nothing ${revocationReason === 'retired' ? 'later ' : ''}signed by it is believed`,
    );
  }
  if (issued < notBefore || (notAfter !== undefined && issued > notAfter)) {
    const until = notAfter === undefined ? 'on' : `to ${notAfter}`;
    return disbelief(
      'outside_key_validity',
      `it says it was signed at ${issued}, but key ${shown(keyId)} is valid from ${notBefore} ${until}`,
    );
  }
  if (issued > strictTime(new Date(now.getTime() + clockSkewMs))) {
    return disbelief('from_the_future', `it says it was signed at ${issued}, which is yet to come`);
  }
  return undefined;
}

function malformed(explanation: string): Verification {
  return disbelief('malformed', explanation);
}

function disbelief(kind: Exclude<Disbelief, 'unknown_key'>, explanation: string): Verification {
  return { kind, explanation };
}

function shown(keyId: string): string {
  return keyId.slice(0, 16);
}
