/** A DSSE envelope (https://github.com/secure-systems-lab/dsse, v1), its base64 decoded. */
export interface Envelope {
  readonly payloadType: string;
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly signatures: readonly { keyId: string; signature: Uint8Array<ArrayBuffer> }[];
}

/** Why a text is no envelope, for people. */
export class NoEnvelope extends Error {
  override readonly name = 'NoEnvelope';
}

const maxSignatures = 16;

/** As strict as `lethe verify`: UTF-8, exactly the fields of DSSE, canonical base64. @throws NoEnvelope */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  const fields = fieldsOf(parseJson(bytes, 'the file'), 'the envelope', [
    'payloadType',
    'payload',
    'signatures',
  ]);
  const { payloadType, payload, signatures } = fields;
  if (typeof payloadType !== 'string') throw new NoEnvelope('payloadType is no text');
  if (!Array.isArray(signatures) || signatures.length === 0 || signatures.length > maxSignatures) {
    throw new NoEnvelope(`signatures must be a list of 1 to ${maxSignatures}`);
  }
  return {
    payloadType,
    payload: base64Of(payload, 'payload'),
    signatures: signatures.map((each: unknown, at) => {
      const { keyid, sig } = fieldsOf(each, `signatures[${at}]`, ['keyid', 'sig']);
      if (typeof keyid !== 'string') throw new NoEnvelope(`signatures[${at}].keyid is no text`);
      return { keyId: keyid, signature: base64Of(sig, `signatures[${at}].sig`) };
    }),
  };
}

/** The bytes that are signed: DSSE's pre-authentication encoding. */
export function preAuthEncoding({ payloadType, payload }: Envelope): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const length = encoder.encode(payloadType).length;
  const head = encoder.encode(`DSSEv1 ${length} ${payloadType} ${payload.length} `);
  const all = new Uint8Array(head.length + payload.length);
  all.set(head);
  all.set(payload, head.length);
  return all;
}

/** JSON of well-formed UTF-8 without a byte order mark. @throws NoEnvelope naming `what` */
export function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    throw new NoEnvelope(`${what} is not JSON`);
  }
}

function fieldsOf(
  value: unknown,
  what: string,
  names: readonly string[],
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new NoEnvelope(`${what} is no JSON object`);
  }
  const found = Object.keys(value);
  if (found.length !== names.length || !names.every((name) => Object.hasOwn(value, name))) {
    throw new NoEnvelope(`${what} must have exactly the fields ${names.join(', ')}`);
  }
  return value as Record<string, unknown>;
}

function base64Of(value: unknown, what: string): Uint8Array<ArrayBuffer> {
  if (typeof value !== 'string') throw new NoEnvelope(`${what} is no text`);
  const standard = value.replaceAll('-', '+').replaceAll('_', '/');
  let text: string;
  try {
    text = atob(standard);
  } catch {
    throw new NoEnvelope(`${what} is no base64`);
  }
  if (btoa(text) !== standard) throw new NoEnvelope(`${what} is no base64`);
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
