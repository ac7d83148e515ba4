import { LetheError } from '@lethe/contracts';

/** Payload type of in-toto statements. */
export const statementPayloadType = 'application/vnd.in-toto+json';

export interface EnvelopeSignature {
  /** Hexadecimal SHA-256 of the raw public key. */
  readonly keyId: string;
  readonly signature: Uint8Array;
}

/** A DSSE envelope, its base64 decoded (https://github.com/secure-systems-lab/dsse, v1). */
export interface Envelope {
  readonly payloadType: string;
  readonly payload: Uint8Array;
  readonly signatures: readonly EnvelopeSignature[];
}

const maxSignatures = 16;

/** The bytes that are signed: DSSE's pre-authentication encoding. */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.byteLength} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

/** An envelope as it is stored and sent: one line of JSON. */
export function encodeEnvelope({ payloadType, payload, signatures }: Envelope): string {
  return JSON.stringify({
    payloadType,
    payload: Buffer.from(payload).toString('base64'),
    signatures: signatures.map(({ keyId, signature }) => ({
      keyid: keyId,
      sig: Buffer.from(signature).toString('base64'),
    })),
  });
}

/**
 * Strict: UTF-8, exactly the fields of DSSE, canonical base64 (standard or URL-safe alphabet).
 *
 * @throws LetheError `invalid` saying what is wrong
 */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  const fields = objectOf(parseStrictly(bytes, 'the file'), 'the envelope', [
    'payloadType',
    'payload',
    'signatures',
  ]);
  const { payloadType, signatures } = fields;
  if (typeof payloadType !== 'string') throw malformed('payloadType is no text');
  if (!Array.isArray(signatures) || signatures.length === 0 || signatures.length > maxSignatures) {
    throw malformed(`signatures must be a list of 1 to ${maxSignatures}`);
  }
  return {
    payloadType,
    payload: base64Of(fields['payload'], 'payload'),
    signatures: signatures.map((each, at) => {
      const { keyid, sig } = objectOf(each, `signatures[${at}]`, ['keyid', 'sig']);
      if (typeof keyid !== 'string') throw malformed(`signatures[${at}].keyid is no text`);
      return { keyId: keyid, signature: base64Of(sig, `signatures[${at}].sig`) };
    }),
  };
}

/** JSON of well-formed UTF-8. @throws LetheError `invalid` naming `what` */
export function parseStrictly(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    throw malformed(`${what} is not JSON`);
  }
}

function objectOf(
  value: unknown,
  what: string,
  names: readonly string[],
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformed(`${what} is no JSON object`);
  }
  const found = Object.keys(value);
  if (found.length !== names.length || !names.every((name) => Object.hasOwn(value, name))) {
    throw malformed(`${what} must have exactly the fields ${names.join(', ')}`);
  }
  return value as Record<string, unknown>;
}

function base64Of(value: unknown, what: string): Uint8Array {
  if (typeof value !== 'string') throw malformed(`${what} is no text`);
  const standard = value.replaceAll('-', '+').replaceAll('_', '/');
  const bytes = Buffer.from(standard, 'base64');
  if (bytes.toString('base64') !== standard) throw malformed(`${what} is no base64`);
  return bytes;
}

function malformed(what: string): LetheError {
  return new LetheError('invalid', what);
}
